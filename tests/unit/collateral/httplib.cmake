# As in src/telemetry: the library's own macros.
pkg_check_modules(Httplib QUIET IMPORTED_TARGET cpp-httplib)
if(NOT TARGET PkgConfig::Httplib)
  add_library(PkgConfig::Httplib INTERFACE IMPORTED)
  target_link_libraries(PkgConfig::Httplib INTERFACE "${COCOS_HTTPLIB}")
  target_compile_definitions(PkgConfig::Httplib INTERFACE CPPHTTPLIB_OPENSSL_SUPPORT)
endif()
