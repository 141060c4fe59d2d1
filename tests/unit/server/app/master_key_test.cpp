#include "server/keys/master_key.h"

#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <set>

#include "oidc/base/base64url.h"
#include "tests/support/catch.h"
#include "tests/unit/server/app/provider_fixture.h"

using server::keys::load_master_key;

namespace {

void write(const std::string& path, const std::string& text) {
  std::ofstream(path, std::ios::binary) << text;
}

}  // namespace

TEST_CASE("Master key: made once, for its owner alone, and read again") {
  const app_test::TempFolder folder;
  const auto path = folder / "master.key";
  const auto made = load_master_key(path, true);
  REQUIRE(made);
  CHECK(made->reveal().size() == 32);
  struct stat info{};
  REQUIRE(::stat(path.c_str(), &info) == 0);
  CHECK((info.st_mode & 07777) == 0600);
  CHECK(load_master_key(path, true)->reveal() == made->reveal());
  CHECK(load_master_key(path, false)->reveal() == made->reveal());
  // Nothing is left beside it.
  const auto parent = std::filesystem::path(path).parent_path();
  CHECK(std::distance(std::filesystem::directory_iterator(parent), {}) == 1);
}

TEST_CASE("Master key: never made when it was not asked for") {
  const app_test::TempFolder folder;
  const auto path = folder / "master.key";
  const auto missing = load_master_key(path, false);
  REQUIRE_FALSE(missing);
  CHECK(missing.error().find(path) != std::string::npos);
  CHECK_FALSE(std::filesystem::exists(path));
  CHECK_FALSE(load_master_key(folder / "no/such/folder/master.key", true));
  CHECK_FALSE(load_master_key(folder / "", true));
}

TEST_CASE("Master key: anything but 32 bytes in base64url is refused, and left as it is") {
  const app_test::TempFolder folder;
  const auto path = folder / "master.key";
  const std::string good = oidc::base64url_encode(std::string(32, 'k'));
  for (const auto& text : {std::string(), std::string("\n"), good.substr(1), good + "A", good + "=",
                           good + "\n" + good, std::string(32, '\xff'), std::string(43, '!'),
                           std::string(5000, 'A'), oidc::base64url_encode(std::string(31, 'k')),
                           oidc::base64url_encode(std::string(33, 'k'))}) {
    CAPTURE(text.size());
    write(path, text);
    const auto refused = load_master_key(path, true);
    REQUIRE_FALSE(refused);
    // What is in the file is not repeated.
    if (text.size() > 10) CHECK(refused.error().find(text.substr(0, 10)) == std::string::npos);
    CHECK(std::filesystem::file_size(path) == text.size());
  }
  for (const char* end : {"", "\n", "\r\n", " \n"}) {
    write(path, good + end);
    const auto read = load_master_key(path, false);
    REQUIRE(read);
    CHECK(read->reveal() == std::string(32, 'k'));
  }
}

TEST_CASE("Master key: several processes that start together have one key") {
  for (int round = 0; round < 5; ++round) {
    const app_test::TempFolder folder;
    const auto path = folder / "master.key";
    int ends[2];
    REQUIRE(::pipe(ends) == 0);
    constexpr int kProcesses = 8;
    std::vector<pid_t> children;
    for (int i = 0; i < kProcesses; ++i) {
      const pid_t child = ::fork();
      REQUIRE(child >= 0);
      if (child == 0) {
        const auto key = load_master_key(path, true);
        const auto text = key ? key->reveal() : std::string(32, '?');
        ::_exit(::write(ends[1], text.data(), text.size()) == 32 ? 0 : 1);
      }
      children.push_back(child);
    }
    ::close(ends[1]);
    std::set<std::string> keys;
    std::string buffer(32, '\0');
    int answers = 0;
    while (::read(ends[0], buffer.data(), buffer.size()) == 32) {
      keys.insert(buffer);
      ++answers;
    }
    ::close(ends[0]);
    for (const pid_t child : children) ::waitpid(child, nullptr, 0);
    CHECK(answers == kProcesses);
    CHECK(keys.size() == 1);
    CHECK_FALSE(keys.contains(std::string(32, '?')));
    CHECK(load_master_key(path, false)->reveal() == *keys.begin());
  }
}

TEST_CASE("Master key: a throwaway one is random") {
  CHECK(server::keys::throwaway_master_key().reveal() !=
        server::keys::throwaway_master_key().reveal());
  CHECK(server::keys::throwaway_master_key().reveal().size() == 32);
}
