// Owns: the pages of people_views.h, rendered. Decides nothing.
#pragma once
#include "server/http/message.h"
#include "server/page/page.h"
#include "server/page/people_views.h"

namespace server::page {

// Those that a POST answers with carry its status.
http::Response reset(const Pages& pages, const ResetView& view, int status = 200);
http::Response new_password(const Pages& pages, const NewPasswordView& view, int status = 200);
http::Response sign_up(const Pages& pages, const SignUpView& view, int status = 200);
http::Response choose_account(const Pages& pages, const ChooseView& view);

// account_pages.cpp
http::Response account_profile(const Pages& pages, const ProfileView& view, int status = 200);
http::Response account_security(const Pages& pages, const SecurityView& view);
http::Response account_applications(const Pages& pages, const ApplicationsView& view);
http::Response account_activity(const Pages& pages, const ActivityView& view);
http::Response account_password(const Pages& pages, const ChangePasswordView& view,
                                int status = 200);
http::Response account_email(const Pages& pages, const ChangeEmailView& view, int status = 200);
http::Response account_delete(const Pages& pages, const DeleteAccountView& view, int status = 200);
http::Response account_deleted(const Pages& pages, const Look& look);

// The box at the top of any of these.
void put_form_notice(Fields& fields, std::string_view language, const FormNotice& notice);
// field_email
void put_email(Fields& fields, const std::string& email, const std::string& hint,
               const FormNotice& notice);
// The error's Retry-After, if it has one.
http::Response with_retry(http::Response response, const FormNotice& notice);
// What a new password must be, in one sentence.
std::string password_rules(std::string_view language, std::size_t min_length);

}  // namespace server::page
