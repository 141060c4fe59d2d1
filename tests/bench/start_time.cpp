// Owns: the time from starting a server to its first answer 200, and the CPU time that it used
// until it had stopped again (SIGTERM), in milliseconds.
//   start_time PORT PATH PROGRAM ARGUMENT...
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string>

namespace {

using Clock = std::chrono::steady_clock;

bool answers(int port, const std::string& request) {
  const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  char head[16] = {};
  const bool is_good =
      ::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 &&
      ::write(fd, request.data(), request.size()) == static_cast<ssize_t>(request.size()) &&
      ::read(fd, head, sizeof head - 1) >= 12 && std::string(head).substr(9, 3) == "200";
  ::close(fd);
  return is_good;
}

[[noreturn]] void become(char** command) {
  const int null = ::open("/dev/null", O_RDWR);
  for (const int fd : {0, 1, 2}) ::dup2(null, fd);
  ::execvp(command[0], command);
  ::_exit(127);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 4) return 2;
  const int port = std::atoi(argv[1]);
  const std::string request = "GET " + std::string(argv[2]) +
                              " HTTP/1.1\r\nHost: 127.0.0.1:" + argv[1] +
                              "\r\nConnection: close\r\n\r\n";
  const auto start = Clock::now();
  const pid_t child = ::fork();
  if (child == 0) become(argv + 3);
  double passed_ms = 0;
  bool is_up = false;
  while (!is_up && passed_ms < 20'000 && ::waitpid(child, nullptr, WNOHANG) == 0) {
    is_up = answers(port, request);
    passed_ms = std::chrono::duration<double, std::milli>(Clock::now() - start).count();
    if (!is_up) ::usleep(200);
  }
  ::kill(child, SIGTERM);
  ::waitpid(child, nullptr, 0);
  if (!is_up) {
    std::fprintf(stderr, "start_time: %s did not answer\n", argv[3]);
    return 1;
  }
  rusage used{};
  ::getrusage(RUSAGE_CHILDREN, &used);
  const auto milliseconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) * 1000 + static_cast<double>(time.tv_usec) / 1000;
  };
  std::printf("[%.2f, %.2f]\n", passed_ms,
              milliseconds(used.ru_utime) + milliseconds(used.ru_stime));
}
