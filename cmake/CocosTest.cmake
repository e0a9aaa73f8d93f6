# cocos_test(<name> SOURCES <files> [DEPS <modules>] [LIBS <targets>] [LABELS <labels>] [TIMEOUT <s>]
#            [SERIAL] [WRAPPER <program>] [ENVIRONMENT <NAME=value>...])
#
# One test program. Unit tests are discovered case by case; a program with LABELS (integration, e2e)
# is one ctest entry, because its cases share an expensive set-up.
find_package(GTest REQUIRED)
include(GoogleTest)

function(cocos_test name)
  cmake_parse_arguments(TEST "SERIAL" "TIMEOUT;WRAPPER" "SOURCES;DEPS;LIBS;LABELS;ENVIRONMENT" ${ARGN})
  add_executable(${name} ${TEST_SOURCES})
  target_include_directories(${name} PRIVATE "${CMAKE_SOURCE_DIR}/src" "${CMAKE_SOURCE_DIR}/tests")
  cocos_link_modules(${name} PRIVATE ${TEST_DEPS})
  target_link_libraries(${name} PRIVATE ${TEST_LIBS} GTest::gmock GTest::gtest_main cocos_warnings)
  target_compile_definitions(${name} PRIVATE
    COCOS_SOURCE_DIR="${CMAKE_SOURCE_DIR}"
    COCOS_BINARY_DIR="${CMAKE_BINARY_DIR}"
    COCOS_VECTORS_DIR="${COCOS_VECTORS_DIR}"
    COCOS_UPDATE_GOLDEN=$<BOOL:${COCOS_UPDATE_GOLDEN}>)
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/tests")
  if(NOT TEST_TIMEOUT)
    set(TEST_TIMEOUT 60)
  endif()
  if(TEST_LABELS)
    add_test(NAME ${name} COMMAND ${TEST_WRAPPER} $<TARGET_FILE:${name}>)
    set_tests_properties(${name} PROPERTIES LABELS "${TEST_LABELS}" TIMEOUT ${TEST_TIMEOUT}
      ENVIRONMENT "${TEST_ENVIRONMENT}")
    if(TEST_SERIAL)
      set_tests_properties(${name} PROPERTIES RUN_SERIAL ON)
    endif()
  else()
    gtest_discover_tests(${name} PROPERTIES LABELS unit TIMEOUT ${TEST_TIMEOUT} DISCOVERY_TIMEOUT 60)
  endif()
endfunction()
