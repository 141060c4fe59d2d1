#include "oidc/crypto/argon2.h"

#include <argon2.h>

#include <array>
#include <cstdlib>
#include <new>
#include <optional>
#include <stdexcept>

#include "oidc/base/base64url.h"
#include "oidc/base/text.h"
#include "oidc/crypto/digest.h"
#include "oidc/crypto/random.h"

namespace oidc::crypto {
namespace {

constexpr std::size_t kSaltBytes = 16;
constexpr std::size_t kHashBytes = 32;
constexpr Argon2Cost kMost{.memory_kib = 1024 * 1024, .iterations = 16, .lanes = 8};

// A PHC string taken apart.
struct Phc {
  Argon2Cost cost;
  std::string salt;
  std::string hash;
};

// The memory of one hash, kept for the next on the same thread: fresh pages from the kernel would
// cost a good part of the hash itself. libargon2 wipes it before it gives it back.
class Arena {
 public:
  static constexpr std::size_t kKept = 64 * 1024 * 1024;

  Arena() = default;
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;
  ~Arena() { std::free(memory_); }

  std::uint8_t* take(std::size_t bytes) {
    if (bytes > size_) {
      std::free(memory_);
      const std::size_t rounded = (bytes + 63) / 64 * 64;
      memory_ = static_cast<std::uint8_t*>(std::aligned_alloc(64, rounded));
      size_ = memory_ ? rounded : 0;
    }
    return memory_;
  }
  void give_back() {
    if (size_ <= kKept) return;
    std::free(memory_);
    memory_ = nullptr;
    size_ = 0;
  }

 private:
  std::uint8_t* memory_ = nullptr;
  std::size_t size_ = 0;
};

thread_local Arena arena;

int allocate(std::uint8_t** memory, std::size_t bytes) {
  *memory = arena.take(bytes);
  return *memory ? ARGON2_OK : ARGON2_MEMORY_ALLOCATION_ERROR;
}

void release(std::uint8_t*, std::size_t) {
  arena.give_back();
}

std::string derive(const Password& password, std::string_view salt, std::size_t length,
                   const Argon2Cost& cost) {
  std::string out(length, '\0');
  const std::string& plain = password.reveal();
  // libargon2 takes mutable pointers; without ARGON2_FLAG_CLEAR_* it does not write through them.
  argon2_context context{};
  context.out = reinterpret_cast<std::uint8_t*>(out.data());
  context.outlen = static_cast<std::uint32_t>(out.size());
  context.pwd = reinterpret_cast<std::uint8_t*>(const_cast<char*>(plain.data()));
  context.pwdlen = static_cast<std::uint32_t>(plain.size());
  context.salt = reinterpret_cast<std::uint8_t*>(const_cast<char*>(salt.data()));
  context.saltlen = static_cast<std::uint32_t>(salt.size());
  context.t_cost = cost.iterations;
  context.m_cost = cost.memory_kib;
  context.lanes = cost.lanes;
  context.threads = cost.lanes;
  context.version = ARGON2_VERSION_13;
  context.allocate_cbk = allocate;
  context.free_cbk = release;
  context.flags = ARGON2_DEFAULT_FLAGS;
  const int status = argon2id_ctx(&context);
  if (status == ARGON2_MEMORY_ALLOCATION_ERROR) throw std::bad_alloc();
  if (status != ARGON2_OK) throw std::runtime_error(argon2_error_message(status));
  return out;
}

// PHC strings use standard base64 without padding.
std::string phc_base64(std::string_view bytes) {
  std::string text = base64url_encode(bytes);
  for (char& c : text) c = c == '-' ? '+' : c == '_' ? '/' : c;
  return text;
}

std::optional<std::string> phc_bytes(std::string_view text) {
  if (text.size() > 128 || text.find('=') != std::string_view::npos) return std::nullopt;
  std::string padded(text);
  padded.append((4 - padded.size() % 4) % 4, '=');
  return base64_decode(padded);
}

// Takes "NAME=NUMBER" off the front of `text`, and the `end` behind it.
std::optional<std::uint32_t> take_number(std::string_view& text, std::string_view name, char end) {
  if (!text.starts_with(name)) return std::nullopt;
  const auto stop = text.find(end);
  if (stop == std::string_view::npos) return std::nullopt;
  const auto digits = text.substr(name.size(), stop - name.size());
  const auto value = parse_unsigned(digits);
  if (!value || digits.size() > 9 || digits.front() == '0') return std::nullopt;
  text.remove_prefix(stop + 1);
  return static_cast<std::uint32_t>(*value);
}

std::optional<Phc> parse_phc(std::string_view text) {
  constexpr std::string_view start = "$argon2id$v=19$";
  if (!text.starts_with(start)) return std::nullopt;
  text.remove_prefix(start.size());
  const auto memory = take_number(text, "m=", ',');
  const auto iterations = memory ? take_number(text, "t=", ',') : std::nullopt;
  const auto lanes = iterations ? take_number(text, "p=", '$') : std::nullopt;
  if (!lanes) return std::nullopt;
  const auto dollar = text.find('$');
  if (dollar == std::string_view::npos) return std::nullopt;
  auto salt = phc_bytes(text.substr(0, dollar));
  auto hash = phc_bytes(text.substr(dollar + 1));
  if (!salt || !hash || salt->size() < 8 || salt->size() > 64 || hash->size() < 16 ||
      hash->size() > 64) {
    return std::nullopt;
  }
  if (*memory > kMost.memory_kib || *iterations > kMost.iterations || *lanes > kMost.lanes ||
      *memory < 8 * *lanes) {
    return std::nullopt;
  }
  return Phc{{*memory, *iterations, *lanes}, std::move(*salt), std::move(*hash)};
}

}  // namespace

namespace {

std::string to_phc(const Argon2Cost& cost, std::string_view salt, std::string_view hash) {
  return "$argon2id$v=19$m=" + std::to_string(cost.memory_kib) +
         ",t=" + std::to_string(cost.iterations) + ",p=" + std::to_string(cost.lanes) + "$" +
         phc_base64(salt) + "$" + phc_base64(hash);
}

}  // namespace

std::string argon2id_hash(const Password& password, const Argon2Cost& cost) {
  const std::string salt = random_bytes(kSaltBytes);
  return to_phc(cost, salt, derive(password, salt, kHashBytes, cost));
}

std::string argon2id_decoy(const Argon2Cost& cost) {
  return to_phc(cost, random_bytes(kSaltBytes), random_bytes(kHashBytes));
}

bool argon2id_verify(std::string_view phc, const Password& password) {
  const auto parsed = parse_phc(phc);
  if (!parsed) return false;
  const std::string hash = derive(password, parsed->salt, parsed->hash.size(), parsed->cost);
  return equal_constant_time(hash, parsed->hash);
}

bool argon2id_needs_rehash(std::string_view phc, const Argon2Cost& cost) {
  const auto parsed = parse_phc(phc);
  return !parsed || parsed->cost.memory_kib != cost.memory_kib ||
         parsed->cost.iterations != cost.iterations || parsed->cost.lanes != cost.lanes ||
         parsed->salt.size() != kSaltBytes || parsed->hash.size() != kHashBytes;
}

}  // namespace oidc::crypto
