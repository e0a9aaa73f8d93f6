#include "hypervisor/error_map.h"

#include <gmock/gmock.h>
#include <libvirt/virterror.h>

#include <ostream>
#include <string>

namespace cocos::hypervisor {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

struct Case {
  const char* name;
  int code;
  int domain;
  const char* text;  // as libvirt, QEMU or passt wrote it
  ErrorCode want;
  const char* reason;
};

void PrintTo(const Case& test_case, std::ostream* out) { *out << test_case.name; }

constexpr const char* kPasst =
    "internal error: Child process (passt --one-off --socket "
    "/run/libvirt/qemu/passt/1-g-net0.socket --pid "
    "/run/libvirt/qemu/passt/1-g-net0-passt.pid --tcp-ports "
    "127.0.0.1/6100:7002) unexpected exit status 1: ";

// Names a test after its case.
struct NameOf {
  template <typename T>
  std::string operator()(const ::testing::TestParamInfo<T>& instance) const {
    return instance.param.name;
  }
};

class KnownErrors : public ::testing::TestWithParam<Case> {};

TEST_P(KnownErrors, HaveCodeAndReasonAndKeepTheirText) {
  const Case& known = GetParam();

  const Error error = DecodeError({known.code, known.domain, known.text});

  EXPECT_EQ(error.code(), known.want) << error.message();
  EXPECT_EQ(error.reason(), known.reason) << error.message();
  const std::string text(known.text);
  const std::string end = text.substr(text.size() - std::min<std::size_t>(text.size(), 20));
  EXPECT_THAT(error.message(), HasSubstr(end));
}

INSTANTIATE_TEST_SUITE_P(
    Connection, KnownErrors,
    ::testing::Values(
        Case{"DaemonGone", 1, 7, "internal error: client socket is closed", ErrorCode::kUnavailable,
             "libvirt-unavailable"},
        Case{"DaemonFrozen", 1, 7, "internal error: connection closed due to keepalive timeout",
             ErrorCode::kUnavailable, "libvirt-unavailable"},
        Case{"DaemonNotThere", 38, 7,
             "Failed to connect socket to '/var/run/libvirt/libvirt-sock': No such file or "
             "directory",
             ErrorCode::kUnavailable, "libvirt-unavailable"},
        Case{"SocketForbidden", 38, 7,
             "Failed to connect socket to '/var/run/libvirt/libvirt-sock': Permission denied",
             ErrorCode::kUnavailable, "libvirt-access-denied"},
        Case{"PolkitWithoutDbus", 1, 0, "internal error: Unable to get system bus connection",
             ErrorCode::kUnavailable, "libvirt-access-denied"},
        Case{"AuthenticationFailed", VIR_ERR_AUTH_FAILED, 7,
             "authentication failed: access denied by policy", ErrorCode::kUnavailable,
             "libvirt-access-denied"},
        Case{"JobLock", 68, 10,
             "Timed out during operation: cannot acquire state change lock (held by "
             "monitor=remoteDispatchDomainSuspend)",
             ErrorCode::kUnavailable, "domain-busy"}),
    NameOf());

INSTANTIATE_TEST_SUITE_P(
    Definition, KnownErrors,
    ::testing::Values(
        Case{"NameTaken", 9, 20,
             "operation failed: domain 'X' already exists with uuid "
             "11111111-2222-3333-4444-555555555555",
             ErrorCode::kAlreadyExists, "name-taken"},
        Case{"UuidTaken", 9, 20,
             "operation failed: domain 'X' is already defined with uuid "
             "11111111-2222-3333-4444-555555555555",
             ErrorCode::kAlreadyExists, "uuid-taken"},
        Case{"OtherOperationFailed", 9, 20, "operation failed: something else entirely here",
             ErrorCode::kInternal, ""},
        Case{"NotWellFormed", 35, 20, "at line 3: Opening and ending tag mismatch: a and b",
             ErrorCode::kInvalidArgument, "xml-invalid"},
        Case{"NotInSchema", 92, 5,
             "XML document failed to validate against schema: Unable to validate doc against "
             "/usr/share/libvirt/schemas/domain.rng",
             ErrorCode::kInvalidArgument, "xml-invalid"},
        Case{"TdxUnknownToLibvirt", 27, 20,
             "XML error: Invalid value for attribute 'type' in element 'launchSecurity': 'tdx'",
             ErrorCode::kFailedPrecondition, "libvirt-without-tdx"},
        Case{"OtherXmlError", 27, 20,
             "XML error: Invalid value for attribute 'type' in element 'os': 'tdx'",
             ErrorCode::kInvalidArgument, "xml-invalid"},
        Case{"Unsupported", 67, 10,
             "unsupported configuration: iommu driver option is only supported for virtio devices",
             ErrorCode::kFailedPrecondition, "config-unsupported"},
        Case{"SnpUnsupported", 67, 10,
             "unsupported configuration: 'sev-snp' launch security is not supported with this QEMU "
             "binary",
             ErrorCode::kFailedPrecondition, "tee-unsupported"},
        Case{"CpuModel", 91, 31,
             "the CPU is incompatible with host CPU: Host CPU does not provide required features: "
             "svm",
             ErrorCode::kFailedPrecondition, "cpu-incompatible"},
        Case{"UnknownFlag", 8, 12,
             "invalid argument: unsupported flags (0x1) in function testDomainUndefineFlags",
             ErrorCode::kInvalidArgument, "invalid-argument"}),
    NameOf());

INSTANTIATE_TEST_SUITE_P(
    State, KnownErrors,
    ::testing::Values(Case{"NoDomain", 42, 10,
                           "Domain not found: no domain with matching uuid '1-2-3'",
                           ErrorCode::kNotFound, "no-domain"},
                      Case{"AlreadyRunning", 55, 10,
                           "Requested operation is not valid: domain is already running",
                           ErrorCode::kFailedPrecondition, "wrong-state"},
                      Case{"HasNvram", 55, 10,
                           "Requested operation is not valid: cannot undefine domain with "
                           "nvram",
                           ErrorCode::kFailedPrecondition, "wrong-state"}),
    NameOf());

INSTANTIATE_TEST_SUITE_P(
    Launch, KnownErrors,
    ::testing::Values(
        Case{"KernelMissing", 38, 24, "unable to stat: /img/bzImage: No such file or directory",
             ErrorCode::kFailedPrecondition, "file-missing"},
        Case{"DiskMissing", 38, 18,
             "Cannot access storage file '/img/a.qcow2' (as uid:64055, gid:64055): No such file or "
             "directory",
             ErrorCode::kFailedPrecondition, "file-missing"},
        Case{"DiskUnreadable", 38, 18,
             "Cannot access storage file '/img/a.qcow2' (as uid:64055, gid:64055): Permission "
             "denied",
             ErrorCode::kFailedPrecondition, "file-unreadable"},
        Case{"DiskFull", 38, 0, "Failed to write file '/x': No space left on device",
             ErrorCode::kResourceExhausted, "disk-full"},
        Case{"NoVirtlogd", 38, 7,
             "Failed to connect socket to '/run/libvirt/virtlogd-sock': No such file or directory",
             ErrorCode::kFailedPrecondition, "virtlogd-unavailable"},
        Case{"NoVsock", 67, 10, "unsupported configuration: unable to open vhost-vsock device",
             ErrorCode::kFailedPrecondition, "vsock-unavailable"},
        Case{"NoVirtiofsd", 9, 10, "operation failed: Unable to find a satisfying virtiofsd",
             ErrorCode::kFailedPrecondition, "virtiofsd-missing"},
        Case{"NoIgvm", 1, 10,
             "internal error: process exited while connecting to monitor: "
             "2026-11-24T08:45:00.123456Z qemu-system-x86_64: -object "
             "igvm-cfg,id=igvm0,file=/img/guest.igvm: Parameter 'qom-type' does not accept value "
             "'igvm-cfg'",
             ErrorCode::kFailedPrecondition, "qemu-without-igvm"},
        Case{"SnpStart", 1, 10,
             "internal error: QEMU unexpectedly closed the monitor (vm='cvm-1'): "
             "2026-11-24T08:45:00.123456Z qemu-system-x86_64: sev_snp_launch_start: "
             "SNP_LAUNCH_START ret=-22 fw_error=0 ''",
             ErrorCode::kFailedPrecondition, "snp-launch-start-invalid"},
        Case{"SnpIdBlock", 1, 10,
             "internal error: QEMU unexpectedly closed the monitor (vm='cvm-1'): "
             "qemu-system-x86_64: SNP_LAUNCH_FINISH ret=-5 fw_error=11 'Bad measurement'",
             ErrorCode::kFailedPrecondition, "snp-id-block-mismatch"},
        Case{"ShareUnreadable", 1, 10,
             "internal error: process exited while connecting to monitor: qemu-system-x86_64: "
             "cannot initialize fsdev 'fsdev-fs0': failed to open '/x/env': Permission denied",
             ErrorCode::kFailedPrecondition, "share-unreadable"},
        Case{"BrokenKvm", 1, 10,
             "internal error: QEMU unexpectedly closed the monitor (vm='cvm-1'): "
             "qemu-system-x86_64: error: failed to set MSR 0x4b564d02 to 0x0",
             ErrorCode::kFailedPrecondition, "kvm-broken"},
        Case{"ShareMissing", 1, 10,
             "internal error: QEMU unexpectedly closed the monitor (vm='np'): "
             "2026-11-24T09:33:04.837205Z qemu-system-x86_64: cannot initialize fsdev 'fsdev-fs0': "
             "failed to open '/x/env': No such file or directory",
             ErrorCode::kFailedPrecondition, "share-missing"},
        Case{"NoKvm", 1, 10,
             "internal error: process exited while connecting to monitor: "
             "2026-11-24T09:33:04.631991Z qemu-system-x86_64: -accel kvm: kvm version too old\n"
             "2026-11-24T09:33:04.632049Z qemu-system-x86_64: -accel kvm: failed to initialize "
             "kvm: Inappropriate ioctl for device",
             ErrorCode::kFailedPrecondition, "kvm-unavailable"},
        Case{"NoMemory", 1, 10,
             "internal error: process exited while connecting to monitor: "
             "2026-11-24T09:33:05.329579Z qemu-system-x86_64: cannot set up guest memory 'pc.ram': "
             "Cannot allocate memory",
             ErrorCode::kResourceExhausted, "no-memory"},
        Case{"NotAKernel", 1, 10,
             "internal error: process exited while connecting to monitor: qemu: invalid kernel "
             "header",
             ErrorCode::kFailedPrecondition, "kernel-invalid"},
        Case{"AnElfFileAsKernel", 1, 10,
             "internal error: process exited while connecting to monitor: "
             "elfboot unsupported flags = 1",
             ErrorCode::kFailedPrecondition, "kernel-invalid"},
        Case{"NoPasst", 38, 0, "Cannot find 'passt' in path: No such file or directory",
             ErrorCode::kFailedPrecondition, "passt-missing"},
        Case{"NoTpmEmulator", 67, 10,
             "unsupported configuration: TPM version '2.0' is not supported",
             ErrorCode::kFailedPrecondition, "tpm-emulator-missing"},
        Case{"NoEmulator", 38, 10,
             "Cannot check QEMU binary /nonexistent/qemu: No such file or directory",
             ErrorCode::kFailedPrecondition, "emulator-missing"},
        Case{"NoFirmwareTemplate", 38, 10,
             "Failed to open file '/nonexistent/vars.fd': No such file or directory",
             ErrorCode::kFailedPrecondition, "file-missing"},
        Case{"UnknownQemuError", 1, 10,
             "internal error: process exited while connecting to monitor: qemu-system-x86_64: "
             "-frobnicate: invalid option",
             ErrorCode::kFailedPrecondition, "qemu-refused"},
        Case{"OtherInternalError", 1, 10, "internal error: something nobody has seen before",
             ErrorCode::kInternal, ""}),
    NameOf());

struct PasstCase {
  const char* name;
  const char* tail;
  ErrorCode want;
  const char* reason;
};

class PasstErrors : public ::testing::TestWithParam<PasstCase> {};

TEST_P(PasstErrors, AreToldApart) {
  const Error error = DecodeError({1, 0, std::string(kPasst) + GetParam().tail});

  EXPECT_EQ(error.code(), GetParam().want) << error.message();
  EXPECT_EQ(error.reason(), GetParam().reason) << error.message();
}

INSTANTIATE_TEST_SUITE_P(
    , PasstErrors,
    ::testing::Values(
        PasstCase{"OldPortTaken", "Failed to bind any port for '-t 127.0.0.1/6100:7002', exiting\n",
                  ErrorCode::kAlreadyExists, "port-in-use"},
        PasstCase{"NewPortTaken",
                  "Listen failed for HOST TCP port 127.0.0.1/6100: Address already in use",
                  ErrorCode::kAlreadyExists, "port-in-use"},
        PasstCase{"Privileged", "Listen failed for HOST TCP port 127.0.0.1/80: Permission denied",
                  ErrorCode::kFailedPrecondition, "port-not-permitted"},
        PasstCase{"ForeignAddress",
                  "Listen failed for HOST TCP port 192.0.2.77/6100: Cannot assign requested "
                  "address",
                  ErrorCode::kFailedPrecondition, "address-not-on-host"},
        PasstCase{"UserNamespace", "Couldn't create user namespace: Operation not permitted",
                  ErrorCode::kFailedPrecondition, "passt-no-user-namespace"},
        PasstCase{"Unknown", "something new", ErrorCode::kFailedPrecondition, "passt-failed"}),
    NameOf());

TEST(DecodeErrorTest, DoesNotTakeAnotherPartsErrorForPassts) {
  const Error error = DecodeError({1, 10, std::string(kPasst) + "Address already in use"});

  EXPECT_NE(error.reason(), "port-in-use");
}

TEST(DecodeErrorTest, QuotesWhatMattersOfQemusOutput) {
  const Error error = DecodeError(
      {1, 10,
       "internal error: process exited while connecting to monitor: 2026-11-24T08:45:00.123456Z "
       "qemu-system-x86_64: warning: host doesn't support requested feature\n"
       "Please use readonly=on instead\n"
       "2026-11-24T08:45:00.223456Z qemu-system-x86_64: -object x: bad one\n"
       "2026-11-24T08:45:00.323456Z qemu-system-x86_64: giving up\n"});

  EXPECT_THAT(error.message(), AllOf(HasSubstr("QEMU: qemu-system-x86_64: -object x: bad one; "
                                               "qemu-system-x86_64: giving up"),
                                     Not(HasSubstr("warning")), Not(HasSubstr("Please")),
                                     Not(HasSubstr("2026")), Not(HasSubstr("\n"))));
}

TEST(DecodeErrorTest, ExplainsAKnownCause) {
  const Error error =
      DecodeError({1, 10,
                   "internal error: process exited while connecting to monitor: "
                   "qemu-system-x86_64: -object igvm-cfg,id=igvm0: Parameter 'qom-type' does not "
                   "accept value 'igvm-cfg'"});

  EXPECT_THAT(error.message(), HasSubstr("this QEMU has no IGVM support"));
}

TEST(DecodeErrorTest, BoundsTheLengthOfTheText) {
  const Error error = DecodeError({1, 10, std::string(100000, 'x')});

  EXPECT_LT(error.message().size(), 2200u);
}

}  // namespace
}  // namespace cocos::hypervisor
