# Flags for our own code. Generated protobuf code gets none of the warnings.

# Paths relative to the source folder let one clone use what another has compiled.
find_program(COCOS_CCACHE ccache)
if(COCOS_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER
      "${CMAKE_COMMAND}" -E env "CCACHE_BASEDIR=${CMAKE_SOURCE_DIR}" CCACHE_NOHASHDIR=true
      "${COCOS_CCACHE}")
endif()

# Line tables are enough for backtraces and make objects, and so builds, a good deal smaller.
set(CMAKE_CXX_FLAGS_DEBUG "-g1 -O0")

# A designated initializer that leaves a member out means that member's default: not worth a warning.
add_library(cocos_warnings INTERFACE)
target_compile_options(cocos_warnings INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-missing-field-initializers -Werror)

if(COCOS_SANITIZE)
  add_compile_options(-fsanitize=${COCOS_SANITIZE} -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${COCOS_SANITIZE})
  if(COCOS_SANITIZE MATCHES "undefined")
    add_compile_options(-fno-sanitize-recover=undefined)
  endif()
endif()

if(CMAKE_BUILD_TYPE STREQUAL "RelWithDebInfo" OR CMAKE_BUILD_TYPE STREQUAL "Release")
  add_compile_options(-fstack-protector-strong -D_FORTIFY_SOURCE=2)
  add_link_options(-Wl,-z,relro -Wl,-z,now)
endif()
