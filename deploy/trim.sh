# Removes from a site-packages folder what the product never uses at run time. The image is built with it; no package is
# removed, so that `pip check` stays true, and `make compose-test` shows that all works without the rest.
set -eu
cd "$1"

# Tests and sources of libraries.
find . -type d -name tests -prune -exec rm -rf {} +
rm -rf pyarrow/include pyarrow/src sqlalchemy/testing/suite

# Arrow Flight: no server speaks it here.
rm -f pyarrow/*flight*

# The APIs of all other Amazon services; sts and sso give credentials.
for service in botocore/data/*/; do
  case "$(basename "$service")" in s3 | sts | sso | sso-oidc | signin) ;; *) rm -rf "$service" ;; esac
done

# The login page of Airflow has one language.
find babel/locale-data -type f ! -name 'root.dat' ! -name 'en*.dat' -delete

# Symbols for debuggers. Only of these: what auditwheel has patched (numpy, scipy, *.libs) does not survive it.
for library in pyarrow cryptography uvloop asyncpg obstore aiohttp msgspec; do
  find "./$library" -name '*.so*' -size +1M -exec strip --strip-unneeded {} +
done
