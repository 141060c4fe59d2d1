// Owns: the limits of this machine's parts on one core, printed as JSON: password hashes,
// signatures, and durable refresh rotations when 64 of them share one commit.
//   limits FOLDER SECONDS      FOLDER takes the database file and should lie where Latchkey's lies
#include <argon2.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <sqlite3.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <string>

namespace {

double wall_seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

// Of this process: it goes on at the same pace when other programs take the core.
double cpu_seconds() {
  timespec time{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

// Runs `step`, which does `count` things, for `seconds` of `clock`; returns things per second.
template <class Step>
double rate(double (*clock)(), double seconds, int count, Step step) {
  step();
  const double start = clock();
  double passed = 0;
  long done = 0;
  while (passed < seconds) {
    step();
    done += count;
    passed = clock() - start;
  }
  return static_cast<double>(done) / passed;
}

void require(bool is_good, const char* what) {
  if (is_good) return;
  std::fprintf(stderr, "limits: %s failed\n", what);
  std::exit(1);
}

double sign_rate(EVP_PKEY* key, double seconds) {
  const std::string message(450, 'm');
  return rate(cpu_seconds, seconds, 1, [&] {
    unsigned char out[512];
    std::size_t length = sizeof out;
    EVP_MD_CTX* context = EVP_MD_CTX_new();
    require(EVP_DigestSignInit(context, nullptr, EVP_sha256(), nullptr, key) == 1 &&
                EVP_DigestSign(context, out, &length,
                               reinterpret_cast<const unsigned char*>(message.data()),
                               message.size()) == 1,
            "signing");
    EVP_MD_CTX_free(context);
  });
}

// Latchkey's default cost: 19 MiB, two passes, one lane.
double hash_rate(double seconds) {
  const std::string password = "violet-Harbour-92-lantern";
  return rate(cpu_seconds, seconds, 1, [&] {
    unsigned char out[32];
    require(argon2id_hash_raw(2, 19456, 1, password.data(), password.size(), "0123456789abcdef", 16,
                              out, sizeof out) == ARGON2_OK,
            "argon2id");
  });
}

class Database {
 public:
  explicit Database(const std::string& file) {
    std::remove(file.c_str());
    require(sqlite3_open(file.c_str(), &handle_) == SQLITE_OK, "opening the database");
    run("PRAGMA journal_mode=WAL");
    run("PRAGMA synchronous=FULL");
    run("PRAGMA wal_autocheckpoint=4000");
    run("CREATE TABLE refresh (id INTEGER PRIMARY KEY, used INTEGER, text TEXT NOT NULL) STRICT");
  }
  ~Database() { sqlite3_close(handle_); }
  Database(const Database&) = delete;

  void run(const char* sql) {
    require(sqlite3_exec(handle_, sql, nullptr, nullptr, nullptr) == SQLITE_OK, sql);
  }
  sqlite3_stmt* prepare(const char* sql) {
    sqlite3_stmt* statement = nullptr;
    require(sqlite3_prepare_v2(handle_, sql, -1, &statement, nullptr) == SQLITE_OK, sql);
    return statement;
  }

 private:
  sqlite3* handle_ = nullptr;
};

double rotation_rate(const std::string& folder, double seconds) {
  constexpr int kGroup = 64;
  Database database(folder + "/limits.db");
  sqlite3_stmt* use = database.prepare("UPDATE refresh SET used = 1 WHERE id = ?1");
  sqlite3_stmt* add =
      database.prepare("INSERT INTO refresh (id, used, text) VALUES (?1, NULL, ?2)");
  const std::string text(500, 't');
  sqlite3_int64 next = 1;
  const auto step = [&](sqlite3_stmt* statement, sqlite3_int64 id) {
    sqlite3_bind_int64(statement, 1, id);
    require(sqlite3_step(statement) == SQLITE_DONE, "a statement");
    sqlite3_reset(statement);
  };
  sqlite3_bind_text(add, 2, text.data(), static_cast<int>(text.size()), SQLITE_STATIC);
  const double found = rate(wall_seconds, seconds, kGroup, [&] {
    database.run("BEGIN IMMEDIATE");
    for (int i = 0; i < kGroup; ++i, ++next) {
      step(use, next - kGroup);
      step(add, next);
    }
    database.run("COMMIT");
  });
  sqlite3_finalize(use);
  sqlite3_finalize(add);
  return found;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  const double seconds = std::atof(argv[2]);
  EVP_PKEY* rsa = EVP_RSA_gen(2048);
  EVP_PKEY* ec = EVP_EC_gen("P-256");
  std::printf("{\"rs256\":%.0f,", sign_rate(rsa, seconds));
  std::printf("\"es256\":%.0f,", sign_rate(ec, seconds));
  std::printf("\"argon2\":%.2f,", hash_rate(seconds));
  std::printf("\"rotations\":%.0f}\n", rotation_rate(argv[1], seconds));
  EVP_PKEY_free(rsa);
  EVP_PKEY_free(ec);
}
