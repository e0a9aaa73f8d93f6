// Tables for people: columns of text that fit a terminal.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace cocos::cli {

// One field of a table. Implicit, so that rows are lists of texts.
struct Cell {
  Cell(std::string cell_text) : text(std::move(cell_text)) {}
  Cell(const char* cell_text) : text(cell_text) {}

  std::string text;
  bool is_free_text = false;  // for people alone: may be shortened. Never an id, name of a state...
};

Cell FreeText(std::string text);

using Row = std::vector<Cell>;

// The width below which even shortening does not bring the table, in characters.
std::size_t LeastWidth(const std::vector<Row>& rows);

// Columns padded to the widest cell, two blanks between them, no blanks at line ends, control
// characters made visible. A table wider than `max_width` characters has its widest columns of free
// text shortened, with an ellipsis; 0: as wide as it is. What cannot be shortened stays whole, so a
// line may still be longer.
std::string FormatTable(const std::vector<Row>& rows, std::size_t max_width = 0);

}  // namespace cocos::cli
