# cocos_fuzz(<name> DEPS <modules> [SEEDS <folder of the vectors>...])
#
# A libFuzzer target: <name>_fuzz.cc in the calling folder, inputs in corpus/<name>/. With COCOS_FUZZ
# (preset `fuzz`, clang) it is a fuzzer; otherwise a program that replays the inputs, which is a unit
# test. SEEDS are replayed too where the vectors are there.
option(COCOS_FUZZ "Build the fuzz targets as fuzzers; needs clang" OFF)

function(cocos_fuzz name)
  cmake_parse_arguments(FUZZ "" "" "DEPS;SEEDS" ${ARGN})
  set(program ${name}_fuzz)
  add_executable(${program} ${name}_fuzz.cc)
  target_include_directories(${program} PRIVATE "${CMAKE_SOURCE_DIR}/src" "${CMAKE_SOURCE_DIR}/tests")
  cocos_link_modules(${program} PRIVATE ${FUZZ_DEPS})
  target_link_libraries(${program} PRIVATE cocos_warnings)
  set_target_properties(${program} PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/fuzz")
  if(COCOS_FUZZ)
    target_link_options(${program} PRIVATE -fsanitize=fuzzer)
    return()
  endif()
  target_sources(${program} PRIVATE "${CMAKE_SOURCE_DIR}/tests/fuzz/replay_main.cc")
  list(TRANSFORM FUZZ_SEEDS PREPEND "${COCOS_VECTORS_DIR}/")
  add_test(NAME FuzzReplay.${name}
    COMMAND ${program} "${CMAKE_CURRENT_SOURCE_DIR}/corpus/${name}" --optional ${FUZZ_SEEDS})
  set_tests_properties(FuzzReplay.${name} PROPERTIES LABELS unit TIMEOUT 120)
endfunction()
