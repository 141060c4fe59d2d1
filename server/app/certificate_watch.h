// Owns: noticing that the TLS files were replaced. A pair that cannot be used is told once, and the
// one in use goes on.
#pragma once
#include <sys/types.h>

#include <array>
#include <cstdint>
#include <string>

#include "server/app/periodic.h"
#include "server/http/server.h"

namespace server::app {

// Reads the PEM files again and logs how that went. From any thread.
void reload_certificate(http::Server& server);

class CertificateWatch {
 public:
  CertificateWatch(http::Server& server, std::string cert_file, std::string key_file);

 private:
  // Tells one state of a file from the next; all zero when there is none.
  struct Stamp {
    dev_t device = 0;
    ino_t inode = 0;
    off_t size = 0;
    std::int64_t changed_ns = 0;
    bool operator==(const Stamp&) const = default;
  };
  using Stamps = std::array<Stamp, 2>;

  static Stamp stamp_of(const std::string& path);
  Stamps stamps() const { return {stamp_of(cert_file_), stamp_of(key_file_)}; }
  void look();

  http::Server& server_;
  const std::string cert_file_, key_file_;
  Stamps loaded_, seen_;
  std::unique_ptr<Periodic> thread_;
};

}  // namespace server::app
