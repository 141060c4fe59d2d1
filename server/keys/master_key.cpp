#include "server/keys/master_key.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <system_error>

#include "oidc/base/base64url.h"
#include "oidc/base/text.h"
#include "oidc/crypto/random.h"

namespace server::keys {
namespace {

constexpr std::size_t kKeyBytes = 32;

class File {
 public:
  explicit File(int descriptor) : descriptor_(descriptor) {}
  File(const File&) = delete;
  ~File() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  int get() const { return descriptor_; }
  bool is_open() const { return descriptor_ >= 0; }

 private:
  int descriptor_;
};

std::unexpected<std::string> say(const std::string& path, const std::string& why) {
  return std::unexpected("The master key file " + path + " " + why);
}

// Written under another name and linked into place, so that nobody reads half a key and the first
// of two processes wins.
bool create_file(const std::string& path) {
  const std::string text = oidc::base64url_encode(oidc::crypto::random_bytes(kKeyBytes)) + "\n";
  const std::string draft = path + "." + std::to_string(::getpid()) + ".new";
  ::unlink(draft.c_str());  // of a process with this number that was killed
  bool written = false;
  {
    const File file(::open(draft.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    if (!file.is_open()) return false;
    written = ::write(file.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size()) &&
              ::fsync(file.get()) == 0;
  }
  const bool linked = written && (::link(draft.c_str(), path.c_str()) == 0 || errno == EEXIST);
  const int trouble = errno;
  ::unlink(draft.c_str());
  // The name must last as long as what is sealed under the key.
  const auto slash = path.rfind('/');
  const std::string folder = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  const File entry(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  const bool lasting = entry.is_open() && ::fsync(entry.get()) == 0;
  errno = trouble;
  return linked && lasting;
}

}  // namespace

std::expected<oidc::KeyBytes, std::string> load_master_key(const std::string& path, bool create) {
  struct stat info{};
  if (::stat(path.c_str(), &info) != 0) {
    if (errno != ENOENT || !create) {
      return say(path, "cannot be read: " + std::generic_category().message(errno) + ".");
    }
    if (!create_file(path)) {
      return say(path, "cannot be made: " + std::generic_category().message(errno) + ".");
    }
  }
  const File file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.is_open() || ::fstat(file.get(), &info) != 0) {
    return say(path, "cannot be read: " + std::generic_category().message(errno) + ".");
  }
  char buffer[128];
  const auto count = ::read(file.get(), buffer, sizeof buffer);
  std::string text(buffer, count > 0 ? static_cast<std::size_t>(count) : 0);
  explicit_bzero(buffer, sizeof buffer);
  auto bytes = oidc::base64url_decode(oidc::trim(text));
  oidc::wipe(text);
  if (!bytes || bytes->size() != kKeyBytes) {
    return say(path, "must hold 32 bytes as one line of base64url (43 characters).");
  }
  return oidc::KeyBytes(std::move(*bytes));
}

oidc::KeyBytes throwaway_master_key() {
  return oidc::KeyBytes(oidc::crypto::random_bytes(kKeyBytes));
}

}  // namespace server::keys
