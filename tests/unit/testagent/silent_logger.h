#pragma once

#include "base/logger.h"

namespace cocos::testagent {

class SilentLogger final : public Logger {
 public:
  void Log(LogLevel, std::string_view, std::initializer_list<LogAttribute>) override {}
};

}  // namespace cocos::testagent
