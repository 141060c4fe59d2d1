// Owns: what the pages of signing in (or up, or changing something) by mail show. The page that
// waits is for the browser that asked; whoever opens the link from the mail meets one of the
// others.
#pragma once
#include <cstdint>
#include <string>

#include "server/page/application_view.h"
#include "server/page/look.h"

namespace server::page {

// What the mail is for: the texts differ.
enum class LinkPurpose { sign_in, sign_up, reset_password, change_email };

enum class SentNotice {
  none,
  wrong_code,
  code_closed,  // too many wrong codes: the link still works
  throttled,    // no further mail for now: retry_after_s
  sent_again,
};

struct LinkSentView {  // GET /m/sent
  Look look;
  std::string t;  // hidden field "t" of its forms
  LinkPurpose purpose = LinkPurpose::sign_in;
  ApplicationView application;
  std::string email;   // as typed
  std::string number;  // three digits
  SentNotice notice = SentNotice::none;
  std::string event_id;
  bool code_closed = false;
  std::string wait_address;  // a path of ours; answers 204 as long as there is nothing new
  std::string self_address;  // this page again, for those without script
  std::string back_address;  // where another way is chosen
  std::string form_action;   // extra scheme for CSP form-action; may be empty
};

// The number was entered elsewhere: a form that sends itself, with a button for those without
// script.
struct LinkReadyView {
  Look look;
  std::string t;
  ApplicationView application;
  std::string form_action;
};

struct LinkConfirmView {  // GET /m/…, in the browser that asked
  Look look;
  LinkPurpose purpose = LinkPurpose::sign_in;
  std::string action;  // where its form goes: the address of the link
  ApplicationView application;
  std::string account_name, account_email;
  std::string form_action;
};

struct LinkNumberView {  // GET /m/…, in any other browser
  Look look;
  LinkPurpose purpose = LinkPurpose::sign_in;
  std::string action;
  ApplicationView application;
  std::string account_email;
  std::string browser;  // as it was kept, "Firefox/Android"; empty when unknown
  std::string address;  // of the asking browser
  std::string when;     // when it asked
  int tries_left = 3;
  bool wrong = false;  // one was entered that is not it
};

enum class LinkEnd {
  approved,  // the right number was entered: the other window goes on
  used,      // it did its work already
  expired,
  number_closed,  // too many wrong numbers: only the asking browser can go on
  unknown,        // no link of ours, or one of long ago
};

struct LinkEndView {
  Look look;
  LinkEnd end = LinkEnd::unknown;
  LinkPurpose purpose = LinkPurpose::sign_in;
  std::string application_name;  // may be empty
  std::string go_on_address;     // a path of ours that the person can go on at; may be empty
  std::string t;                 // with it a button asks for a new mail; may be empty
  std::string event_id;
  int status = 200;
};

}  // namespace server::page
