#include "cli/table.h"

#include <algorithm>
#include <numeric>

#include "cli/printable.h"

namespace cocos::cli {
namespace {

constexpr std::size_t kGap = 2;
// Shorter than this a text says nothing.
constexpr std::size_t kLeastFreeText = 8;

struct Column {
  std::size_t width = 0;
  std::size_t least = 0;
};

bool StartsCharacter(char c) { return (static_cast<unsigned char>(c) & 0xc0u) != 0x80u; }

// In code points, which is what a terminal shows of names and messages as we know them.
std::size_t Width(const std::string& text) {
  return static_cast<std::size_t>(std::ranges::count_if(text, StartsCharacter));
}

std::string Shorten(const std::string& text, std::size_t width) {
  if (Width(text) <= width) return text;
  std::size_t kept = 0;
  const auto end =
      std::ranges::find_if(text, [&](char c) { return StartsCharacter(c) && ++kept == width; });
  return std::string(text.begin(), end) + "\u2026";
}

// Nothing stands behind the last column, so a whole text there does not keep the others long.
Column Measure(const std::vector<Row>& rows, std::size_t index, bool is_last) {
  std::size_t fixed = 0;
  std::size_t free = 0;
  for (const Row& row : rows) {
    if (index >= row.size()) continue;
    std::size_t& widest = row[index].is_free_text ? free : fixed;
    widest = std::max(widest, Width(row[index].text));
  }
  const std::size_t least_free = std::min(free, kLeastFreeText);
  return {.width = std::max(fixed, free),
          .least = is_last && free > 0 ? least_free : std::max(fixed, least_free)};
}

std::vector<Column> MeasureAll(const std::vector<Row>& rows) {
  std::size_t count = 0;
  for (const Row& row : rows) count = std::max(count, row.size());
  std::vector<Column> columns;
  for (std::size_t i = 0; i < count; ++i) columns.push_back(Measure(rows, i, i + 1 == count));
  return columns;
}

std::size_t Total(const std::vector<Column>& columns, std::size_t Column::*member) {
  const std::size_t gaps = columns.empty() ? 0 : (columns.size() - 1) * kGap;
  return std::accumulate(columns.begin(), columns.end(), gaps,
                         [&](std::size_t sum, const Column& each) { return sum + each.*member; });
}

// Takes from the widest column that has something to give, again and again.
void Fit(std::vector<Column>& columns, std::size_t max_width) {
  std::size_t total = Total(columns, &Column::width);
  while (total > max_width) {
    const auto widest = std::ranges::max_element(columns, {}, [](const Column& column) {
      return column.width > column.least ? column.width : 0;
    });
    const std::size_t spare = widest->width - widest->least;
    if (spare == 0) return;
    const std::size_t cut = std::min(spare, total - max_width);
    widest->width -= cut;
    total -= cut;
  }
}

std::string FormatRow(const Row& row, const std::vector<Column>& columns) {
  std::string line;
  for (std::size_t i = 0; i < row.size(); ++i) {
    const std::size_t width = columns[i].width;
    const std::string text = row[i].is_free_text ? Shorten(row[i].text, width) : row[i].text;
    line += text;
    line.append(kGap + width - std::min(width, Width(text)), ' ');
  }
  line.erase(line.find_last_not_of(' ') + 1);
  return line + "\n";
}

}  // namespace

Cell FreeText(std::string text) {
  Cell cell(std::move(text));
  cell.is_free_text = true;
  return cell;
}

std::size_t LeastWidth(const std::vector<Row>& rows) {
  return Total(MeasureAll(rows), &Column::least);
}

std::string FormatTable(const std::vector<Row>& raw_rows, std::size_t max_width) {
  std::vector<Row> rows = raw_rows;
  for (Row& row : rows) {
    for (Cell& cell : row) cell.text = Printable(cell.text, false);
  }
  std::vector<Column> columns = MeasureAll(rows);
  if (max_width > 0) Fit(columns, max_width);
  std::string text;
  for (const Row& row : rows) text += FormatRow(row, columns);
  return text;
}

}  // namespace cocos::cli
