#include "server/app/certificate_watch.h"

#include <sys/stat.h>

#include "server/observe/log.h"

namespace server::app {
namespace {

constexpr std::chrono::milliseconds kInterval{1'000};

}  // namespace

void reload_certificate(http::Server& server) {
  try {
    server.reload_certificate();
    observe::log_info("certificate_reloaded");
  } catch (const std::exception& error) {
    observe::log_error("certificate_not_reloaded", {{"detail", error.what()}});
  }
}

CertificateWatch::CertificateWatch(http::Server& server, std::string cert_file,
                                   std::string key_file)
    : server_(server), cert_file_(std::move(cert_file)), key_file_(std::move(key_file)) {
  loaded_ = seen_ = stamps();
  thread_ = std::make_unique<Periodic>("certificate", kInterval, [this] { look(); });
}

CertificateWatch::Stamp CertificateWatch::stamp_of(const std::string& path) {
  struct stat status{};
  // Through links: renewal programs often change where one leads. The time of the last change of
  // any kind: a key file that only others could read becomes usable by a chmod.
  if (::stat(path.c_str(), &status) != 0) return {};
  return {
      status.st_dev, status.st_ino, status.st_size,
      static_cast<std::int64_t>(status.st_ctim.tv_sec) * 1'000'000'000 + status.st_ctim.tv_nsec};
}

void CertificateWatch::look() {
  const Stamps now = stamps();
  const bool is_settled = now == seen_;
  seen_ = now;
  // Two files are never replaced at once: a change counts when it has stood for one round.
  if (!is_settled || now == loaded_) return;
  loaded_ = now;
  reload_certificate(server_);
}

}  // namespace server::app
