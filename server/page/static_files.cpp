#include "server/page/static_files.h"

#include <map>
#include <stdexcept>
#include <vector>

#include "oidc/base/embedded.h"
#include "oidc/crypto/digest.h"

namespace embedded_static {
const std::vector<oidc::EmbeddedFile>& files();
}

namespace server::page {
namespace {

struct Table {
  std::map<std::string, std::string, std::less<>> address_of;
  std::map<std::string, StaticFile, std::less<>> file_at;
};

std::string_view media_type(std::string_view suffix) {
  if (suffix == ".css") return "text/css; charset=utf-8";
  if (suffix == ".js") return "text/javascript; charset=utf-8";
  if (suffix == ".svg") return "image/svg+xml";
  throw std::logic_error("static file of an unknown kind");
}

// 64 bits of SHA-256: enough that two versions of one file never share an address.
std::string short_hash(std::string_view contents) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string out;
  for (const char c : oidc::crypto::sha256(contents).substr(0, 8)) {
    out += kDigits[static_cast<unsigned char>(c) >> 4];
    out += kDigits[static_cast<unsigned char>(c) & 15];
  }
  return out;
}

Table build() {
  Table table;
  for (const oidc::EmbeddedFile& file : embedded_static::files()) {
    const std::size_t dot = file.name.rfind('.');
    const std::string_view suffix = file.name.substr(dot);
    std::string address = "/static/" + std::string(file.name.substr(0, dot)) + "." +
                          short_hash(file.contents) + std::string(suffix);
    table.address_of.emplace(file.name, address);
    table.file_at.emplace(std::move(address), StaticFile{file.contents, media_type(suffix)});
  }
  return table;
}

const Table& table() {
  static const Table built = build();
  return built;
}

}  // namespace

const std::string& static_address(std::string_view name) {
  const auto it = table().address_of.find(name);
  if (it == table().address_of.end()) throw std::logic_error("no static file " + std::string(name));
  return it->second;
}

std::optional<StaticFile> find_static(std::string_view address) {
  const auto it = table().file_at.find(address);
  if (it == table().file_at.end()) return std::nullopt;
  return it->second;
}

}  // namespace server::page
