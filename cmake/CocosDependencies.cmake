# Every dependency comes from the distribution; nothing is downloaded while configuring.

find_package(Threads REQUIRED)
find_package(PkgConfig REQUIRED)
find_package(Protobuf REQUIRED)
find_package(OpenSSL 3.0 REQUIRED)
find_package(LibXml2 REQUIRED)
find_package(fmt REQUIRED)
find_package(spdlog REQUIRED)
find_package(yaml-cpp REQUIRED)
find_package(tl-expected REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(CLI11 REQUIRED)

pkg_check_modules(Libvirt REQUIRED IMPORTED_TARGET libvirt>=10.5)
pkg_check_modules(LibvirtQemu REQUIRED IMPORTED_TARGET libvirt-qemu>=10.5)
pkg_check_modules(Grpcpp REQUIRED IMPORTED_TARGET grpc++)
pkg_check_modules(Libcurl REQUIRED IMPORTED_TARGET libcurl>=7.85)

# prometheus-cpp and cpp-httplib ship CMake files on some releases only.
find_library(COCOS_PROMETHEUS_CORE prometheus-cpp-core REQUIRED)
find_library(COCOS_HTTPLIB cpp-httplib REQUIRED)
find_library(COCOS_GRPC_REFLECTION grpc++_reflection REQUIRED)

find_program(COCOS_GRPC_CPP_PLUGIN grpc_cpp_plugin REQUIRED)
