// Owns: `latchkey brand preview`: the main pages and mails in the looks of a branding record, as
// files to be opened in any browser. Sample persons only; reads nothing but the record.
#pragma once
#include <expected>
#include <filesystem>
#include <string>
#include <vector>

#include "oidc/model/branding.h"

namespace server::admin {

struct PreviewOrder {
  oidc::model::Branding branding;
  std::string owner;             // the client_id of the record; empty: the default record
  std::string application_name;  // that the samples are for
  std::string service_name;
  std::string language = "en";
  std::filesystem::path templates_dir;  // empty: our own templates
  std::filesystem::path folder;         // made if it is not there; files in it are replaced
};
// The files that were written, relative to the folder. Error: one sentence.
std::expected<std::vector<std::string>, std::string> write_preview(const PreviewOrder& order);

}  // namespace server::admin
