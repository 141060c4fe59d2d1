// Owns: a real PostgreSQL server for tests: made in a temporary folder, reached by a Unix socket
// only, gone at the end. Does not use a server that runs already.
#pragma once
#include <fcntl.h>
#include <grp.h>
#include <postgresql/libpq-fe.h>
#include <pwd.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace support {

class PostgresServer {
 public:
  PostgresServer() {
    std::string folder = (std::filesystem::temp_directory_path() / "latchkey-pg-XXXXXX").string();
    if (::mkdtemp(folder.data()) == nullptr) throw std::runtime_error("mkdtemp failed");
    folder_ = folder;
    if (::geteuid() == 0) {
      const passwd* user = ::getpwnam("postgres");
      if (user == nullptr) throw std::runtime_error("there is no user postgres: script/bootstrap");
      uid_ = user->pw_uid;
      gid_ = user->pw_gid;
      if (::chown(folder.c_str(), uid_, gid_) != 0) throw std::runtime_error("chown failed");
    }
    const int status =
        wait_for(spawn({program("initdb"), "-D", folder + "/data", "-U", "latchkey", "-A", "trust",
                        "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"}));
    if (status != 0) throw std::runtime_error("initdb failed");
    start();
  }
  ~PostgresServer() {
    stop();
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }
  PostgresServer(const PostgresServer&) = delete;

  void start() {
    process_ = spawn({program("postgres"), "-D", folder_ + "/data", "-k", folder_, "-c",
                      "listen_addresses=", "-c", "fsync=off", "-c", "max_connections=200", "-c",
                      "shared_buffers=32MB", "-c", "log_min_messages=fatal"});
    for (int i = 0; i < 200; ++i) {
      if (PQping(url("postgres").c_str()) == PQPING_OK) return;
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
    throw std::runtime_error("postgres does not start");
  }
  // At once: sessions are cut off.
  void stop() {
    if (process_ <= 0) return;
    ::kill(process_, SIGQUIT);
    wait_for(process_);
    process_ = -1;
  }
  std::string url(const std::string& database) const {
    return "postgresql://latchkey@/" + database + "?host=" + folder_;
  }

 private:
  static std::string program(const std::string& name) {
    std::vector<std::filesystem::path> found;
    std::error_code ignored;
    for (const auto& entry : std::filesystem::directory_iterator("/usr/lib/postgresql", ignored)) {
      if (std::filesystem::exists(entry.path() / "bin" / name)) {
        found.push_back(entry.path() / "bin" / name);
      }
    }
    if (found.empty()) throw std::runtime_error(name + " is not installed: script/bootstrap");
    return std::ranges::max(found).string();
  }

  // Dies with this process, and does not run as root, which PostgreSQL refuses.
  pid_t spawn(std::vector<std::string> words) const {
    std::vector<char*> arguments;
    for (auto& word : words) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    const pid_t child = ::fork();
    if (child != 0) return child;
    if (uid_ != 0 && (::setgroups(0, nullptr) != 0 || ::setgid(gid_) != 0 || ::setuid(uid_) != 0)) {
      ::_exit(126);
    }
    ::prctl(PR_SET_PDEATHSIG, SIGQUIT);
    if (::chdir(folder_.c_str()) != 0) ::_exit(126);
    // Not by stdio, whose buffers are the parent's.
    const int nowhere = ::open("/dev/null", O_RDWR);
    if (nowhere < 0 || ::dup2(nowhere, 1) < 0 || ::dup2(nowhere, 2) < 0) ::_exit(126);
    ::execv(arguments[0], arguments.data());
    ::_exit(127);
  }

  static int wait_for(pid_t process) {
    int status = 0;
    ::waitpid(process, &status, 0);
    return status;
  }

  std::string folder_;
  uid_t uid_ = 0;
  gid_t gid_ = 0;
  pid_t process_ = -1;
};

// The server all tests of a program share, each in its own database.
inline PostgresServer& shared_postgres() {
  static PostgresServer server;
  return server;
}

}  // namespace support
