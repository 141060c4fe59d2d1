// Owns: what the pages of signing up, of a new password, of choosing an account, and a person's own
// pages at /account show. The pages are people_pages.h.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "server/page/application_view.h"
#include "server/page/look.h"
#include "server/page/texts.h"

namespace server::page {

// A message at the top: the key of its text, and of its advice with "_advice" at the end, if any.
struct FormNotice {
  std::string key;  // empty: none
  bool is_error = true;
  PlaceValues values;
  std::string event_id;
  std::int64_t retry_after_s = 0;  // with it: the header Retry-After, and {time} of the texts
};

struct ResetView {  // GET and POST /reset
  Look look;
  std::string t;
  ApplicationView application;
  std::string email;
  FormNotice notice;
  std::string back_address;  // a path of ours
  std::string form_action;   // extra scheme for CSP form-action; may be empty
};

struct NewPasswordView {  // GET and POST /reset/finish
  Look look;
  std::string t;
  ApplicationView application;
  std::string email;  // of the account, for password managers
  std::size_t min_length = 8;
  FormNotice notice;
  std::string form_action;
};

struct SignUpView {  // GET and POST /signup
  Look look;
  std::string t;
  ApplicationView application;
  std::string email, name;
  bool with_password = true;
  std::size_t min_length = 8;
  std::string domains;  // "example.com, example.org" when others cannot sign up; may be empty
  FormNotice notice;
  std::string back_address;
  std::string form_action;
};

struct ChooseView {  // GET /choose
  struct Account {
    std::string value;  // of the button "account"
    std::string name, email;
  };
  Look look;
  std::string t;
  ApplicationView application;
  std::vector<Account> accounts;
  std::string form_action;
};

// --- /account -----------------------------------------------------------------------------------

enum class AccountTab { profile, security, applications, activity };

// What all of a person's own pages need.
struct AccountFrame {
  Look look;
  std::string name, email;
  std::string query;     // "?as=…" where the browser has several accounts, else empty
  bool several = false;  // other accounts are signed in here, too
  FormNotice notice;
};

struct ProfileView {
  AccountFrame frame;
  std::string t;
  std::string name, given_name, family_name, nickname;
  std::vector<std::pair<std::string, std::string>> facts;  // key of a text, value
};

struct SecurityView {
  struct Session {
    std::string sid;
    std::string browser, address;  // may be empty
    std::string since, seen;       // as people read times
    bool here = false;             // the one that asks
  };
  AccountFrame frame;
  std::string end_t, end_others_t;  // of the two kinds of forms
  bool has_password = false;
  bool with_password = true;  // a password is of use: the server lets people sign in with one
  bool with_mail = true;      // the address can be changed
  std::vector<Session> sessions;
};

struct ApplicationsView {
  struct Application {
    std::string client_id, name, since, last;
    std::vector<std::string> items;  // keys of texts, or as they stand
  };
  AccountFrame frame;
  std::string t;
  std::vector<Application> applications;
};

struct ActivityView {
  struct Event {
    std::string what;         // key of a text
    std::string when, since;  // `since`: of several attempts that are one row; else empty
    std::string browser, address, application;  // the browser as it was kept
    std::int64_t attempts = 1;
    bool elsewhere = false;  // from many networks: there is no address to tell
  };
  AccountFrame frame;
  std::vector<Event> events;
};

struct ChangePasswordView {
  AccountFrame frame;
  std::string t;
  bool has_password = false;  // then the present one is asked for
  std::size_t min_length = 8;
};

struct ChangeEmailView {
  AccountFrame frame;
  std::string t;
  std::string typed;
  bool asks_password = false;
};

struct DeleteAccountView {
  AccountFrame frame;
  std::string t;
  bool asks_password = false;
};

}  // namespace server::page
