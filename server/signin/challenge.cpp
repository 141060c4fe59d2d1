#include "server/signin/challenge.h"

#include <algorithm>

#include "oidc/base/base64url.h"
#include "oidc/base/network.h"
#include "oidc/base/text.h"
#include "oidc/crypto/aead.h"
#include "oidc/crypto/digest.h"
#include "oidc/crypto/random.h"
#include "server/mail/outbox.h"
#include "server/signin/browser_name.h"
#include "server/signin/device.h"
#include "server/signin/mail_start.h"
#include "server/store/bucket_name.h"

namespace server::signin {
namespace {

using oidc::model::ChallengePurpose;
using oidc::model::EmailChallenge;
using provider::Provider;

constexpr std::chrono::hours kThrottleWindow(1);
constexpr std::uint32_t kCodes = 1'000'000;
// Of three digits, the first of them no 0.
constexpr std::uint32_t kLeastNumber = 100, kNumbers = 900;

std::string counter(const Provider& provider, std::string_view kind, std::string_view value) {
  return store::bucket_name(provider.keys.purpose_key("throttle"), kind, value);
}

// Below `bound`, each equally likely: what would favour the low ones is drawn again.
std::uint32_t random_below(std::uint32_t bound) {
  const std::uint32_t whole = UINT32_MAX - UINT32_MAX % bound;
  for (;;) {
    std::uint32_t drawn = 0;
    for (const char byte : oidc::crypto::random_bytes(4)) {
      drawn = (drawn << 8) | static_cast<unsigned char>(byte);
    }
    if (drawn < whole) return drawn % bound;
  }
}

std::string six_digits() {
  const auto digits = std::to_string(random_below(kCodes));
  return std::string(6 - digits.size(), '0') + digits;
}

std::string place_of(const Provider& provider, std::int64_t row, ChallengePurpose purpose) {
  return "latchkey challenge v1|" + provider.issuer + "|" + std::to_string(row) + "|" +
         std::string(oidc::model::to_string(purpose));
}

// What one start works with, gathered step by step.
struct Start {
  ChallengeRequest input;
  std::string fold;
  std::optional<oidc::model::User> user;  // who has that address
  bool real = false;                      // link and code are good for something
  bool sends = false;                     // a mail goes out
  std::string to;                         // stored address, or the typed one of a stranger
};

// A browser that signed in to this very account before has a count of its own, so that somebody who
// asks for mails to an address does not keep its person from getting one.
std::vector<store::Bucket> buckets_of(const Provider& provider, const http::Request& request,
                                      const Start& start) {
  // Read for strangers too, so that it takes the same time.
  const auto device = read_device(provider, request);
  const bool known = start.user && account::is_device_of(device, *start.user);
  const auto per_address = provider.config.mail_attempts_address;
  return {known ? store::Bucket{counter(provider, "mail-device", device->device_id), per_address}
                : store::Bucket{counter(provider, "mail", start.fold), per_address},
          {counter(provider, "mail-source", oidc::network_of(request.client_address)),
           provider.config.mail_attempts_source}};
}

bool is_signup_domain(const Provider& provider, std::string_view fold) {
  const auto& domains = provider.config.signup_domains;
  const auto domain = fold.substr(fold.rfind('@') + 1);
  return domains.empty() || std::ranges::any_of(domains, [&](const std::string& allowed) {
           return oidc::to_lower_ascii(allowed) == domain;
         });
}

// To whom, and whether it is good for anything.
void decide(Start& start) {
  const auto& user = start.user;
  start.to = start.fold;
  if (user) {
    for (const auto& email : user->emails) {
      if (email.fold == start.fold) start.to = email.address;
    }
  }
  switch (start.input.purpose) {
    case ChallengePurpose::sign_in:
    case ChallengePurpose::reset_password:
      start.real = start.sends = user && user->is_active();
      return;
    case ChallengePurpose::sign_up:
      start.real = !user;
      start.sends = !user || user->is_active();
      if (!user) start.to = oidc::model::plain_email(start.input.email);
      return;
    case ChallengePurpose::change_email:
      start.real = start.sends = !user && !start.input.user_id.empty();
      if (!user) start.to = oidc::model::plain_email(start.input.email);
      return;
  }
}

mail::MailKind kind_of(const Start& start) {
  switch (start.input.purpose) {
    case ChallengePurpose::sign_in:
      return mail::MailKind::sign_in;
    case ChallengePurpose::reset_password:
      return mail::MailKind::reset_password;
    case ChallengePurpose::sign_up:
      return start.user ? mail::MailKind::sign_up_known : mail::MailKind::sign_up;
    case ChallengePurpose::change_email:
      return mail::MailKind::change_email;
  }
  return mail::MailKind::sign_in;
}

// The person whom the challenge's row names: empty for decoys, and for who signs up.
std::string person_of(const Start& start) {
  if (!start.real) return "";
  switch (start.input.purpose) {
    case ChallengePurpose::sign_in:
    case ChallengePurpose::reset_password:
      return start.user->id;
    case ChallengePurpose::sign_up:
      return "";
    case ChallengePurpose::change_email:
      return start.input.user_id;
  }
  return "";
}

store::StartChallenge make_command(const Provider& provider, const http::Request& request,
                                   const Start& start, mail::MailInput text,
                                   const std::string& binding) {
  const auto now = provider.now();
  const auto expires_at = now + provider.config.email_challenge_lifetime;
  const auto& input = start.input;
  const auto row = provider.store.next_row();
  const auto code = six_digits();
  auto link = oidc::crypto::make_credential(oidc::crypto::CredentialKind::email_link, 0, row);

  oidc::Form kept;
  kept.set("f", seal_flow(provider, Purpose::authorize, input.flow));
  kept.set("p", input.payload);
  kept.set("a", request.client_address);
  kept.set("m", input.email);
  kept.set("g", input.language);
  EmailChallenge challenge{.link = link.stored,
                           .purpose = input.purpose,
                           .client_id = input.client_id,
                           .user_id = person_of(start),
                           .email_fold = start.fold,
                           .binding = binding,
                           .code_digest = code_digest(provider, row, code),
                           .number = std::to_string(kLeastNumber + random_below(kNumbers)),
                           .payload = oidc::base64url_encode(
                               oidc::crypto::seal(provider.keys.purpose_key("seal"), kept.encode(),
                                                  place_of(provider, row, input.purpose))),
                           .asked_from = browser_name(request.header("user-agent").value_or("")),
                           .created_at = now,
                           .expires_at = expires_at};
  if (!start.real) {
    // What is in the mail, if one goes out at all, opens nothing: there is no such link or code.
    challenge.link.digest = oidc::base64url_encode(oidc::crypto::random_bytes(32));
    challenge.code_digest = oidc::base64url_encode(oidc::crypto::random_bytes(32));
  }

  const auto kind = kind_of(start);
  text.kind = kind;
  text.to = start.to;
  if (kind == mail::MailKind::sign_up_known) {
    text.link = provider.issuer + "/account";
  } else {
    const auto minutes =
        std::chrono::ceil<std::chrono::minutes>(provider.config.email_challenge_lifetime);
    // From the setting, whatever the request says of its host.
    text.link = provider.issuer + "/m/" + link.text;
    text.code = code.substr(0, 3) + " " + code.substr(3);
    text.minutes = std::to_string(minutes.count());
  }
  const std::string mail_user = start.user ? start.user->id : start.input.user_id;
  return {.challenge = std::move(challenge),
          .mail = mail::make_queued(provider.keys, mail::compose(text),
                                    {.kind = kind,
                                     .user_id = start.sends ? mail_user : "",
                                     .client_id = input.client_id,
                                     .decoy = !start.sends,
                                     .created_at = now,
                                     .not_after = expires_at,
                                     .row = provider.store.next_row()})};
}

}  // namespace

std::string typed_digits(std::string_view typed) {
  // The first digit of each script, in UTF-8 but for its last byte.
  static constexpr std::pair<std::string_view, unsigned char> kZeros[] = {
      {"\xd9", 0xa0},      // Arabic-Indic
      {"\xdb", 0xb0},      // Persian, Urdu
      {"\xef\xbc", 0x90},  // fullwidth
  };
  std::string out;
  typed = typed.substr(0, 64);
  while (!typed.empty()) {
    const auto last = [&](std::string_view lead) {
      return static_cast<unsigned char>(typed[lead.size()]);
    };
    const auto* zero = std::ranges::find_if(kZeros, [&](const auto& script) {
      const auto& [lead, first] = script;
      return typed.starts_with(lead) && typed.size() > lead.size() && last(lead) >= first &&
             last(lead) < first + 10;
    });
    if (zero != std::end(kZeros)) {
      out.push_back(static_cast<char>('0' + (last(zero->first) - zero->second)));
      typed.remove_prefix(zero->first.size() + 1);
      continue;
    }
    const char c = typed[0];
    if (c != ' ' && c != '-') out.push_back(c >= '0' && c <= '9' ? c : '?');
    typed.remove_prefix(1);
  }
  return out;
}

std::string code_digest(const Provider& provider, std::int64_t row, std::string_view typed) {
  return oidc::base64url_encode(
      oidc::crypto::hmac_sha256(provider.keys.purpose_key("throttle"),
                                "mail code v1|" + std::to_string(row) + "|" + typed_digits(typed)));
}

std::optional<OpenedChallenge> open_challenge(const Provider& provider,
                                              const EmailChallenge& challenge) {
  const auto bytes = oidc::base64url_decode(challenge.payload);
  if (!bytes) return std::nullopt;
  const auto plain = oidc::crypto::open(provider.keys.purpose_key("seal"), *bytes,
                                        place_of(provider, challenge.link.row, challenge.purpose));
  const auto kept = plain ? oidc::Form::parse(*plain) : oidc::Result<oidc::Form>(oidc::Form());
  if (!plain || !kept) return std::nullopt;
  auto opened = open_flow(provider, Purpose::authorize, kept->value_or("f", ""));
  if (!opened) return std::nullopt;
  return OpenedChallenge{std::move(opened->flow), kept->value_or("p", ""), kept->value_or("a", ""),
                         kept->value_or("m", ""), kept->value_or("g", "en")};
}

runtime::Task<ChallengeOutcome> start_challenge(const Provider& provider,
                                                const http::Request& request,
                                                ChallengeRequest input) {
  Start start{.input = std::move(input)};
  const auto fold = oidc::model::fold_email(start.input.email);
  if (!fold) co_return ChallengeRefused{"login_bad_address"};
  start.fold = *fold;
  if (start.input.purpose == ChallengePurpose::sign_up && !is_signup_domain(provider, start.fold)) {
    co_return ChallengeRefused{"signup_domain"};
  }
  auto user = co_await provider.store.find_user_by_email(start.fold);
  if (!user) co_return user.error();
  start.user = std::move(*user);
  const auto reserved = co_await provider.store.reserve_attempt(
      buckets_of(provider, request, start), kThrottleWindow, provider.now());
  if (!reserved) co_return reserved.error();
  if (!reserved->allowed) co_return ChallengeThrottled{reserved->retry_at};
  decide(start);
  auto text = co_await start_mail(provider, request, start.input.client_id, start.input.language);
  if (!text) co_return text.error();
  auto binding = read_or_make_binding(provider, request);
  start.input.flow.binding = binding.hash;
  auto command = make_command(provider, request, start, std::move(*text), binding.hash);
  ChallengeStarted out{.row = command.challenge.link.row,
                       .number = command.challenge.number,
                       .binding = std::move(binding.hash),
                       .set_cookie = std::move(binding.set_cookie)};
  auto written = co_await provider.store.start_challenge(std::move(command), provider.now());
  if (!written) co_return written.error();
  co_return out;
}

}  // namespace server::signin
