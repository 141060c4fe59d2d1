#include "server/app/dev.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iostream>

#include "oidc/base/base64url.h"
#include "oidc/base/text.h"
#include "oidc/base/uri.h"
#include "oidc/crypto/random.h"
#include "server/admin/operations.h"
#include "server/app/demo.h"
#include "server/app/dev_inbox.h"
#include "server/app/instance.h"
#include "server/observe/log.h"
#include "server/runtime/run_blocking.h"

namespace server::app {
namespace {

constexpr const char* kSeededEmail = "alice@example.com";
constexpr const char* kSeededClaims = R"({
  "given_name": "Alice", "family_name": "Example", "nickname": "Al",
  "preferred_username": "alice", "zoneinfo": "Europe/Berlin", "locale": "en",
  "address": {"formatted": "1 Example Street, 10115 Berlin, Germany", "country": "DE"},
  "phone_number": "+49 30 5550100", "phone_number_verified": true})";

// A folder that goes when the program ends.
class ThrowawayFolder {
 public:
  ThrowawayFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "latchkey-dev-XXXXXX").string();
    if (::mkdtemp(pattern.data())) path_ = pattern;
  }
  ThrowawayFolder(const ThrowawayFolder&) = delete;
  ~ThrowawayFolder() {
    std::error_code ignored;
    if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
  }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

int refuse(const std::string& sentence) {
  std::cerr << "latchkey: " << sentence << "\n";
  return 1;
}

// "127.0.0.1:8080" -> "8080"; nothing when the address is not loopback.
std::optional<std::string> loopback_port(const std::string& listen) {
  const auto uri = oidc::Uri::parse("http://" + listen);
  if (!uri || uri->port.empty() || !oidc::is_loopback_host(uri->host)) return std::nullopt;
  return uri->port;
}

// Kept beside the data, so that a restart does not change it.
std::string seeded_password(const std::string& data_dir) {
  const auto path = std::filesystem::path(data_dir) / "dev-password";
  std::ifstream known(path);
  std::string password;
  if (std::getline(known, password) && password.size() >= 8) return password;
  password = oidc::base64url_encode(oidc::crypto::random_bytes(9));
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (file >= 0) {
    const auto line = password + "\n";
    if (::write(file, line.data(), line.size()) < 0) password.clear();
    ::close(file);
  }
  return password;
}

void seed_person(const provider::Provider& provider, const std::string& password) {
  const store::Actor actor{"operator", ""};
  auto known = runtime::run_blocking(provider.store.find_password(kSeededEmail));
  if (known && *known) return;
  auto added = runtime::run_blocking(admin::add_user(provider.store, provider.passwords,
                                                     {.email = kSeededEmail,
                                                      .name = "Alice Example",
                                                      .email_verified = true,
                                                      .claims_json = kSeededClaims,
                                                      .password = oidc::Password(password)},
                                                     actor, provider.now()));
  if (!added) throw std::runtime_error("The seeded person: " + added.error());
}

void introduce(const std::string& issuer, const std::string& password, bool throwaway) {
  std::cerr << "\n  Latchkey, for development\n\n"
            << "    Demo application   " << issuer << "/demo\n"
            << "    Person             " << kSeededEmail << "\n"
            << "    Password           " << password << "\n"
            << "    Inbox              " << issuer << "/dev/inbox\n"
            << "    Discovery          " << issuer << "/.well-known/openid-configuration\n"
            << (throwaway ? "\n  Keys and data go when it stops; --data-dir FOLDER keeps them.\n"
                          : "")
            << "\n";
}

}  // namespace

int run_dev(config::Loaded loaded) {
  auto& config = loaded.config;
  if (loaded.is_default("listen")) config.listen = {"127.0.0.1:8080", "[::1]:8080"};
  std::string port;
  for (const auto& listen : config.listen) {
    const auto found = loopback_port(listen);
    if (!found) {
      return refuse("latchkey dev listens on loopback addresses with a port only, not on " +
                    listen + "; use latchkey serve for others.");
    }
    if (port.empty()) port = *found;
  }
  if (loaded.is_default("issuer")) config.issuer = "http://localhost:" + port;
  const auto issuer = oidc::Uri::parse(config.issuer);
  if (!issuer || !oidc::is_loopback_host(issuer->host)) {
    return refuse("latchkey dev needs an issuer on loopback, such as http://localhost:8080.");
  }
  if (loaded.is_default("management_listen")) config.management_listen.clear();
  if (!config.management_listen.empty() && !loopback_port(config.management_listen)) {
    return refuse("latchkey dev listens on loopback addresses only: management_listen is " +
                  config.management_listen + ".");
  }
  // All mail is caught, so that everything can be tried; the address is never connected to.
  config.smtp_url = "smtp://localhost";
  if (loaded.is_default("mail_from")) config.mail_from = "latchkey@localhost";
  if (loaded.is_default("login_method")) config.login_method = "password_or_magic_link";
  if (loaded.is_default("self_signup")) config.self_signup = true;
  if (loaded.is_default("log_format")) config.log_format = "text";
  if (loaded.is_default("log_level")) config.log_level = "warn";
  std::unique_ptr<ThrowawayFolder> folder;
  if (loaded.is_default("data_dir") && loaded.is_default("database")) {
    folder = std::make_unique<ThrowawayFolder>();
    config.data_dir = folder->path();
  }
  std::error_code ignored;
  std::filesystem::create_directories(config.data_dir, ignored);
  observe::configure_log(
      config.log_level == "warn" ? observe::LogLevel::warn : observe::LogLevel::debug,
      config.log_format == "json" ? observe::LogFormat::json : observe::LogFormat::text);
  const auto password = seeded_password(config.data_dir);
  const page::SeededPerson seeded{kSeededEmail, password};
  const auto inbox = std::make_shared<DevInbox>();
  Instance instance({.config = config,
                     .dev = true,
                     .seeded = seeded,
                     .add_routes =
                         [&](http::Router& router, const provider::Provider& provider) {
                           add_demo_routes(router, provider, seeded);
                           add_dev_inbox_routes(router, inbox);
                         },
                     .prepare =
                         [&](const provider::Provider& provider) {
                           seed_person(provider, password);
                           register_demo_client(provider);
                         },
                     .carrier = make_dev_carrier(inbox)});
  introduce(instance.issuer(), password, folder != nullptr);
  std::cerr << "latchkey: listening on " << instance.addresses().front() << ", issuer "
            << instance.issuer() << std::endl;
  instance.run_until_signal();
  return 0;
}

}  // namespace server::app
