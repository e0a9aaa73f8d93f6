#include "cli/agent_commands.h"

#include <fcntl.h>
#include <grpcpp/client_context.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <functional>

#include "base/file.h"
#include "cli/progress.h"
#include "cli/retry_pause.h"
#include "crypto/digest.h"
#include "crypto/sign.h"
#include "proto/agent.grpc.pb.h"

namespace cocos::cli {
namespace {

using agent::AgentService;

constexpr std::size_t kChunkBytes = 1u << 20;

// Roles, as the agent knows them; the signature is over this text.
constexpr char kAlgorithmProvider[] = "algorithm-provider";
constexpr char kDataProvider[] = "data-provider";
constexpr char kConsumer[] = "consumer";

struct Session {
  std::unique_ptr<AgentService::Stub> stub;
  std::string role;
  std::string signature_base64;
};

Result<Session> OpenSession(const AgentOptions& agent, const std::string& role) {
  const std::string key = COCOS_TRY(ReadFile(agent.key_path));
  Result<std::vector<std::byte>> signature = crypto::Sign(key, crypto::BytesOf(role));
  if (!signature) return tl::unexpected(std::move(signature).error().Within(agent.key_path));
  const auto channel = COCOS_TRY(OpenChannel(agent.connection));
  return Session{AgentService::NewStub(channel), role, crypto::Base64Encode(*signature)};
}

void Identify(const Session& session, grpc::ClientContext& context) {
  context.AddMetadata("user-id", session.role);
  context.AddMetadata("signature", session.signature_base64);
}

// Nothing listens on the agent's port before its manifest has arrived, so early calls fail.
Result<void> Retrying(const AgentOptions& agent, const std::function<grpc::Status()>& attempt) {
  const auto deadline = std::chrono::steady_clock::now() + agent.wait;
  RetryPause pause;
  while (true) {
    const grpc::Status status = attempt();
    if (status.ok()) return {};
    const bool retry = status.error_code() == grpc::StatusCode::UNAVAILABLE &&
                       std::chrono::steady_clock::now() < deadline;
    if (!retry) return tl::unexpected(StatusError(status));
    pause.Wait();
  }
}

// Sends a file in pieces; `fill` puts a piece into a request.
template <typename Request, typename Writer, typename Fill>
Result<void> SendFile(InputFile& file, Writer& writer, Progress& progress, Fill fill) {
  std::string buffer(kChunkBytes, '\0');
  bool first = true;
  while (true) {
    const std::size_t got =
        COCOS_TRY(file.Read(std::as_writable_bytes(std::span(buffer.data(), buffer.size()))));
    if (got == 0 && !first) return {};  // an empty file is one empty piece
    Request request;
    fill(request, buffer.substr(0, got), first);
    first = false;
    if (!writer.Write(request)) return {};  // Finish says why
    progress.Add(got);
    if (got == 0) return {};
  }
}

// Uploads `path` through a client-streaming call.
template <typename Request, typename Response, typename Start, typename Fill>
grpc::Status Upload(const std::string& path, Progress& progress, Start start, Fill fill) {
  Result<InputFile> file = InputFile::Open(path);
  if (!file) return {grpc::StatusCode::INVALID_ARGUMENT, file.error().message()};
  grpc::ClientContext context;
  Response response;
  const auto writer = start(context, response);
  const Result<void> sent = SendFile<Request>(*file, *writer, progress, fill);
  if (!sent) {
    context.TryCancel();
    static_cast<void>(writer->Finish());
    return {grpc::StatusCode::INTERNAL, sent.error().message()};
  }
  writer->WritesDone();
  return writer->Finish();
}

Result<std::uint64_t> SizeOf(const std::string& path) {
  const InputFile file = COCOS_TRY(InputFile::Open(path));
  return COCOS_TRY(file.Identify()).size_bytes;
}

struct DataFile {
  std::string path;
  std::string name;  // the agent knows it by
  std::uint64_t size_bytes = 0;
};

// Looks at all of them before anything is sent.
Result<std::vector<DataFile>> FindDataFiles(const std::vector<std::string>& paths) {
  std::vector<DataFile> files;
  for (const std::string& path : paths) {
    std::string name = std::filesystem::path(path).filename().string();
    const auto same = std::ranges::find(files, name, &DataFile::name);
    if (same != files.end()) {
      return Fail(ErrorCode::kInvalidArgument,
                  "{} and {}: want data sets with different names, the agent tells them apart by "
                  "those",
                  same->path, path);
    }
    const std::uint64_t size = COCOS_TRY(SizeOf(path));
    files.push_back({path, std::move(name), size});
  }
  return files;
}

grpc::Status UploadDataFile(const Session& session, const DataFile& file, const Streams& streams) {
  Progress progress("Uploading " + file.name, file.size_bytes, streams);
  const auto start = [&](grpc::ClientContext& context, agent::DataResponse& response) {
    Identify(session, context);
    return session.stub->Data(&context, &response);
  };
  const auto fill = [&](agent::DataRequest& request, std::string piece, bool) {
    request.set_dataset(std::move(piece));
    request.set_filename(file.name);
  };
  grpc::Status status =
      Upload<agent::DataRequest, agent::DataResponse>(file.path, progress, start, fill);
  if (status.ok()) progress.Finish();
  return status;
}

// A file that appears under its name only when it is complete.
class AtomicFile {
 public:
  static Result<AtomicFile> Create(const std::string& path) {
    // A name nobody can guess: one put there before could be a link to somewhere else.
    std::string partial = path + "." + std::string(6, 'X');
    UniqueFd fd(::mkostemp(partial.data(), O_CLOEXEC));
    if (!fd) {
      return Fail(ErrorCode::kFailedPrecondition, "create {}: {}", partial, ErrnoText(errno));
    }
    return AtomicFile(std::move(fd), path, partial);
  }
  AtomicFile(AtomicFile&&) = default;
  ~AtomicFile() {
    if (fd_) ::unlink(partial_.c_str());
  }

  // Drops what an attempt that failed has written.
  Result<void> Restart() {
    if (::ftruncate(fd_.get(), 0) == 0 && ::lseek(fd_.get(), 0, SEEK_SET) == 0) return {};
    return Fail(ErrorCode::kInternal, "truncate {}: {}", path_, ErrnoText(errno));
  }
  Result<void> Append(std::string_view data) {
    while (!data.empty()) {
      const ssize_t written = ::write(fd_.get(), data.data(), data.size());
      if (written < 0) return Fail(ErrorCode::kInternal, "write {}: {}", path_, ErrnoText(errno));
      data.remove_prefix(static_cast<std::size_t>(written));
    }
    return {};
  }
  Result<void> Commit() {
    if (::fsync(fd_.get()) != 0 || ::rename(partial_.c_str(), path_.c_str()) != 0) {
      return Fail(ErrorCode::kInternal, "write {}: {}", path_, ErrnoText(errno));
    }
    fd_.Reset();
    return {};
  }

 private:
  AtomicFile(UniqueFd fd, std::string path, std::string partial)
      : fd_(std::move(fd)), path_(std::move(path)), partial_(std::move(partial)) {}
  UniqueFd fd_;
  std::string path_;
  std::string partial_;
};

grpc::Status Receive(const Session& session, AtomicFile& file, Progress& progress) {
  if (const Result<void> restarted = file.Restart(); !restarted) {
    return {grpc::StatusCode::INTERNAL, restarted.error().message()};
  }
  grpc::ClientContext context;
  Identify(session, context);
  const auto reader = session.stub->Result(&context, {});
  agent::ResultResponse response;
  while (reader->Read(&response)) {
    if (const Result<void> written = file.Append(response.file()); !written) {
      context.TryCancel();
      static_cast<void>(reader->Finish());
      return {grpc::StatusCode::INTERNAL, written.error().message()};
    }
    progress.Add(response.file().size());
  }
  return reader->Finish();
}

Result<crypto::KeyType> ParseKeyType(const std::string& text) {
  if (text == "rsa") return crypto::KeyType::kRsa4096;
  if (text == "ecdsa") return crypto::KeyType::kEcdsaP256;
  if (text == "ed25519") return crypto::KeyType::kEd25519;
  return Fail(ErrorCode::kInvalidArgument, "key type {:?}: want rsa, ecdsa or ed25519", text);
}

Result<void> WriteKey(const std::string& path, const std::string& pem, mode_t mode,
                      bool overwrite) {
  if (overwrite) ::unlink(path.c_str());
  const UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode));
  if (!fd && errno == EEXIST) {
    return Fail(ErrorCode::kAlreadyExists, "{}: exists, --force replaces it", path);
  }
  if (!fd || ::write(fd.get(), pem.data(), pem.size()) != static_cast<ssize_t>(pem.size())) {
    return Fail(ErrorCode::kInternal, "write {}: {}", path, ErrnoText(errno));
  }
  return {};
}

}  // namespace

Result<void> UploadAlgorithm(const AgentOptions& agent, const AlgorithmOptions& options,
                             const Streams& streams) {
  const Session session = COCOS_TRY(OpenSession(agent, kAlgorithmProvider));
  const std::string requirements =
      options.requirements_path.empty() ? "" : COCOS_TRY(ReadFile(options.requirements_path));
  const std::uint64_t size = COCOS_TRY(SizeOf(options.path));
  return Retrying(agent, [&] {
    Progress progress("Uploading algorithm", size, streams);
    const auto start = [&](grpc::ClientContext& context, agent::AlgoResponse& response) {
      Identify(session, context);
      context.AddMetadata("algo_type", options.type);
      for (const std::string& each : options.arguments) context.AddMetadata("algo_args", each);
      if (!options.python_runtime.empty()) {
        context.AddMetadata("python_runtime", options.python_runtime);
      }
      return session.stub->Algo(&context, &response);
    };
    const auto fill = [&](agent::AlgoRequest& request, std::string piece, bool first) {
      request.set_algorithm(std::move(piece));
      if (first) request.set_requirements(requirements);
    };
    grpc::Status status =
        Upload<agent::AlgoRequest, agent::AlgoResponse>(options.path, progress, start, fill);
    if (status.ok()) progress.Finish();
    return status;
  });
}

Result<void> UploadData(const AgentOptions& agent, const std::vector<std::string>& paths,
                        const Streams& streams) {
  const std::vector<DataFile> files = COCOS_TRY(FindDataFiles(paths));
  const Session session = COCOS_TRY(OpenSession(agent, kDataProvider));
  for (const DataFile& file : files) {
    const Result<void> uploaded =
        Retrying(agent, [&] { return UploadDataFile(session, file, streams); });
    if (!uploaded) return tl::unexpected(Error(uploaded.error()).Within(file.path));
  }
  return {};
}

Result<void> DownloadResult(const AgentOptions& agent, const std::string& out_path, bool overwrite,
                            const Streams& streams) {
  std::error_code ignored;
  if (!overwrite && std::filesystem::exists(out_path, ignored)) {
    return Fail(ErrorCode::kAlreadyExists, "{}: exists, --force replaces it", out_path);
  }
  const Session session = COCOS_TRY(OpenSession(agent, kConsumer));
  Result<AtomicFile> file = AtomicFile::Create(out_path);
  if (!file) return tl::unexpected(file.error());
  Progress progress("Downloading result", 0, streams);
  COCOS_TRY(Retrying(agent, [&] { return Receive(session, *file, progress); }));
  COCOS_TRY(file->Commit());
  progress.Finish();
  streams.out << out_path << std::endl;
  return {};
}

Result<void> MakeKeys(const KeysOptions& options, const Streams& streams) {
  const crypto::KeyType type = COCOS_TRY(ParseKeyType(options.type));
  const std::string private_path = options.directory + "/private.pem";
  const std::string public_path = options.directory + "/public.pem";
  for (const std::string& path : {private_path, public_path}) {  // both or none
    std::error_code ignored;
    if (!options.overwrite && std::filesystem::exists(path, ignored)) {
      return Fail(ErrorCode::kAlreadyExists, "{}: exists, --force replaces it", path);
    }
  }
  const crypto::KeyPairPem keys = COCOS_TRY(crypto::GenerateKeyPair(type));
  COCOS_TRY(WriteKey(private_path, keys.private_key, 0600, options.overwrite));
  COCOS_TRY(WriteKey(public_path, keys.public_key, 0644, options.overwrite));
  streams.out << private_path << "\n" << public_path << std::endl;
  return {};
}

}  // namespace cocos::cli
