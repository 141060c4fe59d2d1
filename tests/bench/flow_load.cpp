// Owns: load made of requests that depend on one another, which wrk cannot send: refresh chains,
// code flows with a session, and sign-ins. One thread, one epoll, one flow at a time on each
// connection.
//   flow_load name=value...     the names stand in `Settings`
// Prints one line of JSON. A flow counts when its last answer came in time; its latency is that of
// the whole flow.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;

struct Settings {
  std::string mode;  // refresh, session, sign_in
  int port = 0;
  double seconds = 1;
  std::size_t connections = 1;
  std::string file;  // a refresh token or a Cookie field on each line; refresh tokens are renewed
  std::string authorize;      // path and query of the authorization request
  std::string token;          // path of the token endpoint
  std::string authorization;  // the field of the client
  std::string code_form;      // the form of a code grant, less the code
  std::string refresh_form;   // the form of a refresh, less the token
  std::string login_form;     // e-mail address and password
};

Settings read_settings(int argc, char** argv) {
  std::map<std::string, std::string> given;
  for (int i = 1; i < argc; ++i) {
    const std::string_view text = argv[i];
    const auto equals = text.find('=');
    if (equals == std::string_view::npos) throw std::runtime_error("name=value is expected");
    given[std::string(text.substr(0, equals))] = text.substr(equals + 1);
  }
  Settings s;
  s.mode = given["mode"];
  s.port = std::atoi(given["port"].c_str());
  s.seconds = std::atof(given["seconds"].c_str());
  s.connections = static_cast<std::size_t>(std::atoi(given["connections"].c_str()));
  s.file = given["file"];
  s.authorize = given["authorize"];
  s.token = given["token"];
  s.authorization = given["authorization"];
  s.code_form = given["code_form"];
  s.refresh_form = given["refresh_form"];
  s.login_form = given["login_form"];
  return s;
}

struct Answer {
  int status = 0;
  bool close = false;
  std::string location;
  std::vector<std::string> cookies;  // Set-Cookie fields
  std::string body;
};

// The answer at the front of `in`, taken off it; nothing while it is incomplete.
std::optional<Answer> take_answer(std::string& in) {
  const auto end = in.find("\r\n\r\n");
  if (end == std::string::npos) return std::nullopt;
  Answer answer;
  std::size_t length = 0;
  answer.status = std::atoi(in.c_str() + 9);
  for (std::size_t at = in.find("\r\n") + 2; at < end + 2;) {
    const auto stop = in.find("\r\n", at);
    const auto colon = in.find(':', at);
    std::string name = in.substr(at, colon - at);
    for (char& c : name) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    std::string value = in.substr(colon + 1, stop - colon - 1);
    value.erase(0, value.find_first_not_of(' '));
    if (name == "content-length") length = std::strtoul(value.c_str(), nullptr, 10);
    if (name == "transfer-encoding") throw std::runtime_error("a chunked answer");
    if (name == "location") answer.location = value;
    if (name == "set-cookie") answer.cookies.push_back(value);
    if (name == "connection" && value == "close") answer.close = true;
    at = stop + 2;
  }
  if (in.size() < end + 4 + length) return std::nullopt;
  answer.body = in.substr(end + 4, length);
  in.erase(0, end + 4 + length);
  return answer;
}

std::string between(const std::string& text, std::string_view before, std::string_view ends) {
  const auto at = text.find(before);
  if (at == std::string::npos)
    throw std::runtime_error("no " + std::string(before) + " in: " + text);
  const auto from = at + before.size();
  return text.substr(from, text.find_first_of(ends, from) - from);
}

class CookieJar {
 public:
  explicit CookieJar(std::string field = "") {
    while (!field.empty()) {
      const auto end = field.find("; ");
      put(field.substr(0, end));
      field.erase(0, end == std::string::npos ? end : end + 2);
    }
  }
  void put(const std::string& cookie) {
    const auto equals = cookie.find('=');
    const auto value = cookie.substr(equals + 1, cookie.find(';') - equals - 1);
    if (value.empty()) {
      values_.erase(cookie.substr(0, equals));
    } else {
      values_[cookie.substr(0, equals)] = value;
    }
  }
  void take(const Answer& answer) {
    for (const auto& cookie : answer.cookies) put(cookie);
  }
  std::string field() const {
    std::string out;
    for (const auto& [name, value] : values_) out += (out.empty() ? "" : "; ") + name + "=" + value;
    return out.empty() ? out : "Cookie: " + out + "\r\n";
  }

 private:
  std::map<std::string, std::string> values_;
};

// One flow after another on one connection.
class Flow {
 public:
  explicit Flow(const Settings& settings) : settings_(settings) {}
  virtual ~Flow() = default;
  virtual std::string first() = 0;
  // The next request, or nothing: the flow is through. Throws when the answer is not the one hoped
  // for.
  virtual std::optional<std::string> next(const Answer& answer) = 0;
  // What the next run starts with.
  virtual std::string line() const { return ""; }

 protected:
  std::string get(const std::string& target, const std::string& fields) const {
    return "GET " + target + " HTTP/1.1\r\n" + host() + fields + "\r\n";
  }
  std::string post(const std::string& target, const std::string& fields,
                   const std::string& form) const {
    return "POST " + target + " HTTP/1.1\r\n" + host() + fields +
           "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: " +
           std::to_string(form.size()) + "\r\n\r\n" + form;
  }
  std::string post_code(const Answer& answer) const {
    const auto code = between(answer.location, "code=", "&#");
    return post(settings_.token, client(), settings_.code_form + "&code=" + code);
  }
  std::string client() const { return "Authorization: " + settings_.authorization + "\r\n"; }
  static void require(const Answer& answer, int low, int high) {
    if (answer.status >= low && answer.status <= high) return;
    throw std::runtime_error("status " + std::to_string(answer.status) + " " + answer.location +
                             " " + answer.body.substr(0, 300));
  }
  const Settings& settings_;

 private:
  std::string host() const { return "Host: 127.0.0.1:" + std::to_string(settings_.port) + "\r\n"; }
};

class RefreshFlow final : public Flow {
 public:
  RefreshFlow(const Settings& settings, std::string token)
      : Flow(settings), token_(std::move(token)) {}
  std::string first() override {
    return post(settings_.token, client(), settings_.refresh_form + "&refresh_token=" + token_);
  }
  std::optional<std::string> next(const Answer& answer) override {
    require(answer, 200, 200);
    between(answer.body, "\"id_token\":\"", "\"");
    auto fresh = between(answer.body, "\"refresh_token\":\"", "\"");
    if (fresh == token_) throw std::runtime_error("the refresh token was not rotated");
    token_ = std::move(fresh);
    return std::nullopt;
  }
  std::string line() const override { return token_; }

 private:
  std::string token_;
};

class SessionFlow final : public Flow {
 public:
  SessionFlow(const Settings& settings, std::string cookies)
      : Flow(settings), jar_(std::move(cookies)) {}
  std::string first() override {
    has_code_ = false;
    return get(settings_.authorize, jar_.field());
  }
  std::optional<std::string> next(const Answer& answer) override {
    if (has_code_) {
      require(answer, 200, 200);
      return std::nullopt;
    }
    require(answer, 302, 303);
    jar_.take(answer);
    has_code_ = true;
    return post_code(answer);
  }

 private:
  CookieJar jar_;
  bool has_code_ = false;
};

// Latchkey's sign-in page, by a browser that has not been there before.
class SignInFlow final : public Flow {
 public:
  using Flow::Flow;
  std::string first() override {
    step_ = 0;
    jar_ = CookieJar();
    return get(settings_.authorize, "");
  }
  std::optional<std::string> next(const Answer& answer) override {
    jar_.take(answer);
    switch (step_++) {
      case 0:
        require(answer, 303, 303);
        return get(answer.location, jar_.field());
      case 1:
        require(answer, 200, 200);
        return post(
            "/login", jar_.field(),
            settings_.login_form + "&t=" + between(answer.body, "name=\"t\" value=\"", "\""));
      case 2:
        require(answer, 303, 303);
        return post_code(answer);
      default:
        require(answer, 200, 200);
        return std::nullopt;
    }
  }

 private:
  CookieJar jar_;
  int step_ = 0;
};

std::unique_ptr<Flow> make_flow(const Settings& settings, std::string line) {
  if (settings.mode == "refresh") return std::make_unique<RefreshFlow>(settings, std::move(line));
  if (settings.mode == "session") return std::make_unique<SessionFlow>(settings, std::move(line));
  if (settings.mode == "sign_in") return std::make_unique<SignInFlow>(settings);
  throw std::runtime_error("mode is one of refresh, session, sign_in");
}

class Load {
 public:
  explicit Load(const Settings& settings) : settings_(settings), epoll_(::epoll_create1(0)) {
    std::ifstream lines(settings.file);
    for (std::size_t i = 0; i < settings.connections; ++i) {
      std::string line;
      if (!settings.file.empty() && !std::getline(lines, line)) {
        throw std::runtime_error(settings.file + " has too few lines");
      }
      connections_.emplace_back().flow = make_flow(settings, std::move(line));
    }
    // A run with fewer connections leaves the other chains as they are.
    for (std::string rest; std::getline(lines, rest);) unused_.push_back(rest);
  }

  void run() {
    const auto start = Clock::now();
    end_ = start + std::chrono::duration_cast<Clock::duration>(
                       std::chrono::duration<double>(settings_.seconds));
    for (auto& connection : connections_) begin(connection);
    // What is on its way when the time is over is awaited, so that every chain stays whole.
    while (active_ > 0 && Clock::now() < end_ + std::chrono::seconds(10)) {
      epoll_event events[64];
      const int count = ::epoll_wait(epoll_, events, 64, 100);
      for (int i = 0; i < count; ++i) read(connections_[events[i].data.u32]);
    }
    if (active_ > 0) fail("no answer within ten seconds");
  }

  void report() {
    std::ranges::sort(latencies_us_);
    const auto percentile = [this](std::size_t part) {
      return latencies_us_.empty() ? 0 : latencies_us_[(latencies_us_.size() - 1) * part / 100];
    };
    std::printf(
        "RESULT "
        "{\"completed\":%zu,\"failed\":%zu,\"seconds\":%.6f,\"p50_us\":%ld,\"p99_us\":%ld}\n",
        latencies_us_.size(), failed_, settings_.seconds, percentile(50), percentile(99));
    if (settings_.mode != "refresh") return;
    std::ofstream out(settings_.file);
    for (const auto& connection : connections_) out << connection.flow->line() << '\n';
    for (const auto& rest : unused_) out << rest << '\n';
  }

 private:
  struct Connection {
    std::unique_ptr<Flow> flow;
    int fd = -1;
    std::string in;
    Clock::time_point begun{};
  };

  void open(Connection& connection) {
    connection.in.clear();
    connection.fd = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(settings_.port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(connection.fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) !=
        0) {
      throw std::runtime_error("the server cannot be reached");
    }
    const int on = 1;
    ::setsockopt(connection.fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.u32 = static_cast<std::uint32_t>(&connection - connections_.data());
    ::epoll_ctl(epoll_, EPOLL_CTL_ADD, connection.fd, &event);
  }

  static void shut(Connection& connection) {
    if (connection.fd >= 0) ::close(connection.fd);
    connection.fd = -1;
  }

  void send(Connection& connection, const std::string& request) {
    if (connection.fd < 0) open(connection);
    // Requests are far smaller than the socket's buffer.
    if (::send(connection.fd, request.data(), request.size(), MSG_NOSIGNAL) !=
        static_cast<ssize_t>(request.size())) {
      throw std::runtime_error("a request could not be sent");
    }
  }

  void begin(Connection& connection) {
    connection.begun = Clock::now();
    send(connection, connection.flow->first());
    ++active_;
  }

  void fail(const std::string& why) {
    if (failed_++ < 3) std::fprintf(stderr, "flow_load: %s\n", why.c_str());
  }

  void read(Connection& connection) {
    char bytes[16 * 1024];
    const ssize_t size = ::recv(connection.fd, bytes, sizeof bytes, MSG_DONTWAIT);
    if (size < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (size <= 0) {
      shut(connection);
      --active_;
      return fail("the server closed a connection that waited for an answer");
    }
    connection.in.append(bytes, static_cast<std::size_t>(size));
    try {
      while (auto answer = take_answer(connection.in)) react(connection, *answer);
    } catch (const std::exception& error) {
      // This connection ends: its chain may be broken.
      shut(connection);
      --active_;
      fail(error.what());
    }
  }

  void react(Connection& connection, const Answer& answer) {
    const auto request = connection.flow->next(answer);
    if (answer.close) shut(connection);
    if (request) return send(connection, *request);
    const auto now = Clock::now();
    --active_;
    if (now >= end_) return shut(connection);
    latencies_us_.push_back(
        std::chrono::duration_cast<std::chrono::microseconds>(now - connection.begun).count());
    begin(connection);
  }

  const Settings& settings_;
  const int epoll_;
  std::vector<Connection> connections_;
  std::vector<std::string> unused_;
  Clock::time_point end_{};
  std::size_t active_ = 0;
  std::size_t failed_ = 0;
  std::vector<long> latencies_us_;
};

}  // namespace

int main(int argc, char** argv) {
  try {
    const Settings settings = read_settings(argc, argv);
    Load load(settings);
    load.run();
    load.report();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "flow_load: %s\n", error.what());
    return 1;
  }
}
