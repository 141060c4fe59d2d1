// Every marked statement below must be found; the others must not.
void find(soci::session& session, const std::string& name, std::ostream& out) {
  session << "select 1; -- a comment << name", soci::into(one);
  session << "select a from b"
             " where c = :c",
      soci::use(name, "c");
  session << kSelectPerson, soci::use(name);
  session << R"sql(select "a" << from b)sql", soci::into(one);
  out << "not sql: " << name;
  session << "select a from " << name;  // bad
  session << "select a from b where c = '" + name + "'";  // bad
  if (deep) {
    session.once << statement_text(name);  // bad
  }
  soci::statement prepared = (session.prepare << ("delete from " + name), soci::use(one));  // bad
  lease.session() << name;  // bad
  int shifted = bits << 3;
}
