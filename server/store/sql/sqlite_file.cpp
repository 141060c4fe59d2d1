#include "server/store/sql/sqlite_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <stdexcept>
#include <system_error>

namespace server::store::sql {
namespace {

// statfs(2), f_type. WAL needs shared memory and working locks, which these do not give.
const char* network_file_system(long type) {
  switch (static_cast<unsigned long>(type) & 0xffffffffUL) {
    case 0x6969:
      return "NFS";
    case 0x517b:
      return "SMB";
    case 0xff534d42:
      return "CIFS";
    case 0xfe534d42:
      return "SMB2";
    case 0x01021997:
      return "9P";
    case 0x5346414f:
      return "AFS";
    case 0x73757245:
      return "Coda";
    case 0x00c36400:
      return "Ceph";
    default:
      return nullptr;
  }
}

}  // namespace

void prepare_sqlite_file(const std::string& path) {
  if (path.empty() || path == ":memory:" || path.find('"') != std::string::npos) {
    throw std::runtime_error("The setting database names no usable SQLite file: \"sqlite:" + path +
                             "\".");
  }
  const auto parent = std::filesystem::absolute(path).parent_path();
  struct statfs info{};
  if (::statfs(parent.c_str(), &info) != 0) {
    throw std::runtime_error("The folder of the database can't be used: " + parent.string() + ": " +
                             std::generic_category().message(errno) + ".");
  }
  if (const char* name = network_file_system(static_cast<long>(info.f_type))) {
    throw std::runtime_error(std::string("The database lies on a network file system (") + name +
                             "), where SQLite's locks are not safe: move it to a local disk.");
  }
  const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (file < 0) {
    throw std::runtime_error("The database file can't be opened: " + path + ": " +
                             std::generic_category().message(errno) + ".");
  }
  struct stat status{};
  const bool regular = ::fstat(file, &status) == 0 && S_ISREG(status.st_mode);
  ::close(file);
  if (!regular) throw std::runtime_error("The database is no regular file: " + path + ".");
}

}  // namespace server::store::sql
