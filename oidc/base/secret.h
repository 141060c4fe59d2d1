// Owns: Secret<Tag>, text that is wiped when it goes and that no log call or stream accepts.
#pragma once
#include <string>
#include <string_view>
#include <utility>

namespace oidc {

// Overwrites the memory of `text` in a way the compiler keeps, then empties it.
void wipe(std::string& text) noexcept;

template <class Tag>
class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string value) : value_(std::move(value)) {}
  Secret(const Secret&) = default;
  Secret(Secret&& other) noexcept : value_(std::move(other.value_)) { wipe(other.value_); }
  Secret& operator=(Secret other) noexcept {
    value_.swap(other.value_);
    return *this;
  }
  ~Secret() { wipe(value_); }

  // The plain text. Named so that a reviewer can find every use.
  const std::string& reveal() const { return value_; }
  bool empty() const { return value_.empty(); }

  template <class Stream>
  friend Stream& operator<<(Stream&, const Secret&) = delete;

 private:
  std::string value_;
};

using Password = Secret<struct PasswordTag>;
using ClientSecret = Secret<struct ClientSecretTag>;
using KeyBytes = Secret<struct KeyBytesTag>;

}  // namespace oidc
