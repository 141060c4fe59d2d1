// What it costs to look somebody up: whether there is such an account must not show in the number
// of questions to the database, which on PostgreSQL are a network away.
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <thread>

#include "tests/store/store_fixture.h"

using namespace store_test;

namespace {

// Stands between one client and PostgreSQL, and counts what the client sends.
class Counter {
 public:
  explicit Counter(const std::string& url) {
    const auto host = url.find("?host=") + 6;
    server_ = url.substr(host) + "/.s.PGSQL.5432";
    std::string folder =
        (std::filesystem::temp_directory_path() / "latchkey-count-XXXXXX").string();
    if (::mkdtemp(folder.data()) == nullptr) throw std::runtime_error("mkdtemp failed");
    folder_ = folder;
    url_ = url.substr(0, host) + folder;
    listener_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const auto address = address_of(folder + "/.s.PGSQL.5432");
    if (::bind(listener_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
        ::listen(listener_, 8) != 0) {
      throw std::runtime_error("no socket to listen on");
    }
    thread_ = std::thread([this] { forward(); });
  }
  ~Counter() {
    stopping_ = true;
    thread_.join();
    ::close(listener_);
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }
  Counter(const Counter&) = delete;

  const std::string& url() const { return url_; }
  int sent() const { return sent_; }

 private:
  static sockaddr_un address_of(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    return address;
  }

  void forward() {
    std::vector<pollfd> sockets = {{listener_, POLLIN, 0}};  // then pairs: client, server
    std::string piece(65'536, '\0');
    while (!stopping_) {
      if (::poll(sockets.data(), sockets.size(), 10) < 1) continue;
      if ((sockets[0].revents & POLLIN) != 0) {
        const int client = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
        const int server = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        const auto address = address_of(server_);
        if (::connect(server, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
          throw std::runtime_error("PostgreSQL is not there");
        }
        sockets.push_back({client, POLLIN, 0});
        sockets.push_back({server, POLLIN, 0});
        continue;
      }
      for (std::size_t i = 1; i < sockets.size(); ++i) {
        if ((sockets[i].revents & (POLLIN | POLLHUP)) == 0) continue;
        const bool from_client = i % 2 == 1;
        const auto got = ::recv(sockets[i].fd, piece.data(), piece.size(), 0);
        pollfd& other = sockets[from_client ? i + 1 : i - 1];
        if (got <= 0) {
          ::shutdown(other.fd, SHUT_WR);
          sockets[i].events = 0;
          sockets[i].fd = -sockets[i].fd;  // poll() passes over it
          continue;
        }
        if (from_client) ++sent_;
        ::send(std::abs(other.fd), piece.data(), static_cast<std::size_t>(got), MSG_NOSIGNAL);
      }
    }
    for (std::size_t i = 1; i < sockets.size(); ++i) ::close(std::abs(sockets[i].fd));
  }

  std::string server_, folder_, url_;
  int listener_ = -1;
  std::atomic<int> sent_ = 0;
  std::atomic<bool> stopping_ = false;
  std::thread thread_;
};

}  // namespace

TEST_CASE("a known and an unknown address cost one question each", "[store]") {
  const Database database(Backend::postgresql);
  const Counter counter(database.url());
  const auto store = Store::open({.database = counter.url(), .connections = 1});
  NewUser ada = sample_user("u1", "ada@example.com");
  ada.user.emails.push_back({"second@example.com", "second@example.com", false});
  REQUIRE(run(store->insert_user(ada, kActor, kNow)));
  const auto cost = [&](const auto& look_up) {
    look_up();  // prepares its statement
    const int before = counter.sent();
    look_up();
    return counter.sent() - before;
  };
  const auto by_email = [&](const std::string& email) {
    return cost([&] { run(store->find_user_by_email(email)).value(); });
  };
  const auto with_password = [&](const std::string& email) {
    return cost([&] { run(store->find_password(email)).value(); });
  };
  CHECK(by_email("ada@example.com") == 1);
  CHECK(by_email("second@example.com") == 1);
  CHECK(by_email("nobody@example.com") == 1);
  CHECK(with_password("ada@example.com") == 1);
  CHECK(with_password("nobody@example.com") == 1);
  CHECK(run(store->find_user_by_email("second@example.com")).value()->emails.size() == 2);
}
