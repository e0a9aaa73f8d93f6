# cocos_module(<name> SOURCES <files> [DEPS <modules>] [LIBS <targets>] [PRIVATE_LIBS <targets>])
#
# One static library for one folder of src/. DEPS names the modules this one may include: the list is
# the dependency rule, written to <build>/layering/<folder>.deps for the `layering` test.
# A module of a nested folder (attestation/snp) is named by its path.
function(cocos_module name)
  cmake_parse_arguments(MODULE "" "" "SOURCES;DEPS;LIBS;PRIVATE_LIBS" ${ARGN})
  string(REPLACE "/" "_" target_name "${name}")
  set(target cocos_${target_name})
  add_library(${target} STATIC ${MODULE_SOURCES})
  add_library(cocos::${target_name} ALIAS ${target})
  target_include_directories(${target} PUBLIC "${CMAKE_SOURCE_DIR}/src")
  cocos_link_modules(${target} PUBLIC ${MODULE_DEPS})
  target_link_libraries(${target} PUBLIC ${MODULE_LIBS} PRIVATE ${MODULE_PRIVATE_LIBS} cocos_warnings)
  cocos_record_layer(${name} ${MODULE_DEPS})
endfunction()

# cocos_program(<name> SOURCES <files> [DEPS <modules>] [LIBS <targets>])
#
# The thin main of a module; it lies in that module's folder and is bound by its DEPS.
function(cocos_program name)
  cmake_parse_arguments(PROGRAM "" "" "SOURCES;DEPS;LIBS" ${ARGN})
  add_executable(${name} ${PROGRAM_SOURCES})
  target_include_directories(${name} PRIVATE "${CMAKE_SOURCE_DIR}/src")
  cocos_link_modules(${name} PRIVATE ${PROGRAM_DEPS})
  target_link_libraries(${name} PRIVATE ${PROGRAM_LIBS} cocos_warnings)
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/bin")
endfunction()

function(cocos_link_modules target visibility)
  foreach(module IN LISTS ARGN)
    string(REPLACE "/" "_" module_target "${module}")
    target_link_libraries(${target} ${visibility} cocos::${module_target})
  endforeach()
endfunction()

function(cocos_record_layer folder)
  string(REPLACE "/" "." file "${folder}")
  string(JOIN "\n" lines ${ARGN})
  file(WRITE "${CMAKE_BINARY_DIR}/layering/${file}.deps" "${lines}\n")
endfunction()
