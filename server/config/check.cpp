// What is wrong with settings that are well formed one by one.
#include <arpa/inet.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <optional>
#include <set>
#include <system_error>

#include "oidc/base/text.h"
#include "oidc/base/uri.h"
#include "server/config/config.h"

namespace server::config {
namespace {

bool is_ip_literal(int family, std::string_view text) {
  in6_addr address{};  // large enough for both families
  return inet_pton(family, std::string(text).c_str(), &address) == 1;
}

// An IP literal, brackets for IPv6, or a DNS name in letters, digits and dashes (RFC 1123 §2.1).
bool is_host(std::string_view host) {
  if (host.starts_with('[')) {
    return host.ends_with(']') && is_ip_literal(AF_INET6, host.substr(1, host.size() - 2));
  }
  if (is_ip_literal(AF_INET, host)) return true;
  if (host.empty() || host.size() > 253) return false;
  std::string_view last;
  while (true) {
    const auto dot = host.find('.');
    last = host.substr(0, dot);
    if (last.empty() || last.size() > 63 || last.starts_with('-') || last.ends_with('-')) {
      return false;
    }
    for (char c : last) {
      const bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
      if (!is_letter && !(c >= '0' && c <= '9') && c != '-') return false;
    }
    if (dot == std::string_view::npos) break;
    host.remove_prefix(dot + 1);
  }
  // A name that ends in a number would be read as an IPv4 address by browsers (WHATWG URL §3.5).
  return last.find_first_not_of("0123456789") != std::string_view::npos;
}

// "127.0.0.1:8080" or "[::1]:8080"; port 0 to 65535.
bool is_listen_address(std::string_view text) {
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos) return false;
  const auto host = text.substr(0, colon);
  const auto port = oidc::parse_unsigned(text.substr(colon + 1));
  if (!port || *port > 65535) return false;
  if (!host.starts_with('[')) return is_ip_literal(AF_INET, host);
  return host.ends_with(']') && is_ip_literal(AF_INET6, host.substr(1, host.size() - 2));
}

bool is_address_block(std::string_view text) {
  const auto slash = text.find('/');
  const auto address = text.substr(0, slash);
  const bool is_v4 = is_ip_literal(AF_INET, address);
  if (!is_v4 && !is_ip_literal(AF_INET6, address)) return false;
  if (slash == std::string_view::npos) return true;
  const auto bits = oidc::parse_unsigned(text.substr(slash + 1));
  return bits && *bits <= (is_v4 ? 32 : 128);
}

bool is_host_and_port(std::string_view text) {
  const auto uri = oidc::Uri::parse("http://" + std::string(text));
  return uri && uri->path.empty() && !uri->query && !uri->fragment && !uri->has_userinfo &&
         is_host(uri->host) && oidc::to_lower_ascii(text) == text;
}

using Problems = std::vector<std::string>;

void check_addresses(const Config& config, Problems& problems) {
  if (config.issuer.empty()) {
    problems.emplace_back(
        "Set issuer to the public address of this server, such as https://id.example.com.");
  } else if (const auto issuer = validate_issuer(config.issuer); !issuer) {
    problems.push_back(issuer.error());
  }
  if (config.listen.empty()) problems.emplace_back("Set listen to at least one address.");
  for (const auto& address : config.listen) {
    if (is_listen_address(address)) continue;
    problems.push_back("listen must hold addresses such as 127.0.0.1:8080 or [::1]:8080, not \"" +
                       oidc::to_description(address) + "\".");
  }
  if (!config.management_listen.empty() && !is_listen_address(config.management_listen)) {
    problems.push_back(
        "management_listen must be an address such as 127.0.0.1:9090, or empty, "
        "not \"" +
        oidc::to_description(config.management_listen) + "\".");
  }
  for (const auto& host : config.management_hosts) {
    if (is_host_and_port(host)) continue;
    problems.push_back(
        "management_hosts must hold names such as metrics.internal:9090, in lower "
        "case, not \"" +
        oidc::to_description(host) + "\".");
  }
  for (const auto& proxy : config.trusted_proxies) {
    if (is_address_block(proxy)) continue;
    problems.push_back(
        "trusted_proxies must hold addresses or CIDR blocks such as 10.0.0.0/8, "
        "not \"" +
        oidc::to_description(proxy) + "\".");
  }
}

void check_database(const Config& config, Problems& problems) {
  constexpr std::string_view kSqlite = "sqlite:";
  constexpr std::string_view kPostgres = "postgresql://";
  const bool is_postgres = config.database.starts_with(kPostgres);
  const bool is_sqlite =
      config.database.starts_with(kSqlite) && config.database.size() > kSqlite.size();
  if (!is_postgres && !is_sqlite) {
    problems.emplace_back("database must be sqlite:FILE or postgresql://USER@HOST/NAME.");
  }
  if (is_postgres && config.master_key_file.empty()) {
    problems.emplace_back(
        "Set master_key_file, because with PostgreSQL every server needs the "
        "same key.");
  }
  std::error_code error;
  if (!std::filesystem::is_directory(config.data_dir, error)) {
    problems.push_back("data_dir " + config.data_dir + " is not a folder that can be opened.");
  }
}

void check_files(const Config& config, std::string_view credentials, Problems& problems) {
  if (config.tls_cert_file.empty() != config.tls_key_file.empty()) {
    problems.emplace_back("Set both tls_cert_file and tls_key_file, or neither.");
  }
  if (!config.tls_cert_file.empty() && access(config.tls_cert_file.c_str(), R_OK) != 0) {
    problems.push_back("tls_cert_file " + config.tls_cert_file +
                       " cannot be read: " + std::generic_category().message(errno) + ".");
  }
  const auto check_key = [&](std::string_view setting, const std::string& path) {
    if (path.empty()) return;
    if (const auto checked = check_key_file(setting, path, credentials); !checked) {
      problems.push_back(checked.error());
    }
  };
  check_key("tls_key_file", config.tls_key_file);
  check_key("master_key_file", config.master_key_file);
}

// Those of RFC 8707 §2, in one spelling: what is asked for is compared byte by byte.
bool is_resource(std::string_view text) {
  const auto uri = oidc::Uri::parse(text);
  return uri && !uri->scheme.empty() && !uri->fragment && !uri->has_userinfo &&
         (!uri->has_authority || is_host(uri->host)) && text.size() <= 500;
}

void check_outbound(const Config& config, Problems& problems) {
  for (const auto& address : config.outbound_allowed_addresses) {
    if (is_address_block(address)) continue;
    problems.push_back(
        "outbound_allowed_addresses must hold addresses or CIDR blocks such as 10.0.0.0/8, not \"" +
        oidc::to_description(address) + "\".");
  }
  if (config.outbound_ca_file.empty()) return;
  std::error_code error;
  if (!std::filesystem::is_regular_file(config.outbound_ca_file, error)) {
    problems.push_back("outbound_ca_file " + config.outbound_ca_file + " is not a regular file.");
  } else if (access(config.outbound_ca_file.c_str(), R_OK) != 0) {
    problems.push_back("outbound_ca_file " + config.outbound_ca_file +
                       " cannot be read: " + std::generic_category().message(errno) + ".");
  }
}

// The password in it is never repeated.
bool is_mail_server(std::string_view text) {
  const auto uri = oidc::Uri::parse(text);
  if (!uri || (uri->scheme != "smtp" && uri->scheme != "smtps") || !is_host(uri->host))
    return false;
  const auto port = oidc::parse_unsigned(uri->port);
  const bool sound_port = uri->port.empty() || (port && *port > 0 && *port <= 65535);
  return sound_port && (uri->path.empty() || uri->path == "/") && !uri->query && !uri->fragment;
}

// "local@domain" in printable ASCII, as it stands between the brackets of a header.
bool is_sender_address(std::string_view text) {
  const auto at = text.find('@');
  return at != 0 && at != std::string_view::npos && text.rfind('@') == at &&
         oidc::is_printable_ascii(text) && is_host(text.substr(at + 1)) &&
         text.find_first_of(" <>()[],;:\"\\") == std::string_view::npos;
}

void check_mail(const Config& config, Problems& problems) {
  if (config.smtp_url.empty()) {
    if (config.login_method != "password") {
      problems.push_back("login_method " + config.login_method +
                         " mails links and codes: set smtp_url and mail_from, or login_method "
                         "password.");
    }
    if (config.self_signup) {
      problems.emplace_back(
          "self_signup proves addresses by mail: set smtp_url and mail_from, or self_signup "
          "false.");
    }
    return;
  }
  if (!is_mail_server(config.smtp_url)) {
    problems.emplace_back(
        "smtp_url must be smtp://HOST:PORT or smtps://HOST:PORT, with USER:PASSWORD@ before the "
        "host where needed (percent-encoded).");
  }
  if (config.mail_from.empty()) {
    problems.emplace_back("Set mail_from to the sender's address, because smtp_url is set.");
  } else if (!is_sender_address(config.mail_from)) {
    problems.push_back("mail_from must be an address such as id@example.com, not \"" +
                       oidc::to_description(config.mail_from) + "\".");
  }
}

void check_protocol(const Config& config, Problems& problems) {
  std::set<std::string_view> seen;
  for (const auto& resource : config.resources) {
    const auto shown = "\"" + oidc::to_description(resource.substr(0, 200)) + "\"";
    if (!is_resource(resource)) {
      problems.push_back(
          "resources must hold absolute URIs without a fragment, such as https://api.example.com, "
          "not " +
          shown + ".");
    } else if (resource == config.issuer) {
      problems.push_back("resources must not hold the issuer, which is always there.");
    } else if (!seen.insert(resource).second) {
      problems.push_back("resources holds " + shown + " twice.");
    }
  }
}

void check_lifetimes(const Config& config, Problems& problems) {
  if (config.session_absolute_lifetime < config.session_idle_lifetime) {
    problems.emplace_back("session_absolute_lifetime must be at least session_idle_lifetime.");
  }
  if (config.refresh_token_absolute_lifetime < config.refresh_token_idle_lifetime) {
    problems.emplace_back(
        "refresh_token_absolute_lifetime must be at least refresh_token_idle_lifetime.");
  }
}

bool lies_below(const std::string& path, std::string_view folder) {
  if (folder.empty()) return false;
  std::error_code error;
  const auto parent = std::filesystem::weakly_canonical(path, error).parent_path();
  if (error) return false;
  return parent == std::filesystem::weakly_canonical(folder, error) && !error;
}

}  // namespace

std::expected<std::string, std::string> validate_issuer(std::string_view text) {
  const auto refuse = [&](std::string_view why) {
    return std::unexpected("issuer must be an address such as https://id.example.com, but \"" +
                           oidc::to_description(text.substr(0, 200)) + "\" " + std::string(why) +
                           ".");
  };
  const auto uri = oidc::Uri::parse(text);
  if (!uri || !uri->has_authority) return refuse("is not an absolute address");
  if (!oidc::equals_ignore_case(uri->scheme, "https") &&
      !oidc::equals_ignore_case(uri->scheme, "http")) {
    return refuse("does not begin with https://");
  }
  if (uri->has_userinfo) return refuse("holds a user name");
  if (uri->query || uri->fragment) return refuse("has a query or a fragment");
  if (uri->path == "/") return refuse("ends in a slash");
  if (!uri->path.empty()) return refuse("has a path");
  if (!is_host(uri->host)) return refuse("has no valid host name");
  if (uri->origin() != text) return refuse("should be written " + uri->origin());
  if (uri->scheme == "http" && !oidc::is_loopback_host(uri->host)) {
    return refuse("is plain http, which only a loopback host such as localhost may use");
  }
  return std::string(text);
}

std::expected<void, std::string> check_key_file(std::string_view setting, const std::string& path,
                                                std::string_view credentials_directory) {
  const auto refuse = [&](const std::string& why) {
    return std::unexpected(std::string(setting) + " " + path + " " + why + ".");
  };
  // O_NONBLOCK: a FIFO must not hold the start.
  const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (file < 0) return refuse("cannot be read: " + std::generic_category().message(errno));
  struct stat status{};
  const int result = fstat(file, &status);
  close(file);
  if (result != 0 || !S_ISREG(status.st_mode)) return refuse("is not a regular file");
  if ((status.st_mode & (S_IRWXG | S_IRWXO)) != 0 && !lies_below(path, credentials_directory)) {
    return refuse("is open to others than its owner; run: chmod 600 " + path);
  }
  return {};
}

std::vector<std::string> check(const Config& config, std::string_view credentials_directory) {
  Problems problems;
  check_addresses(config, problems);
  check_database(config, problems);
  check_files(config, credentials_directory, problems);
  check_lifetimes(config, problems);
  check_protocol(config, problems);
  check_outbound(config, problems);
  check_mail(config, problems);
  return problems;
}

}  // namespace server::config
