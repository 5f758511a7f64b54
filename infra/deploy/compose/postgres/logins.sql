-- The logins of the owner and of both services, with the least rights. It runs as the superuser and can be repeated; the
-- settings paxyo.*_login and paxyo.*_password contain the names and passwords.
--
-- A service's login owns nothing and inherits nothing. Its only right is SET ROLE to the service's role. PostgreSQL 15 has no
-- options for memberships: there NOINHERIT of the login does it.

DO $$
DECLARE
  service text;
  login text;
BEGIN
  FOREACH service IN ARRAY ARRAY['ingest', 'gateway'] LOOP
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'paxyo_' || service) THEN
      EXECUTE format('CREATE ROLE %I NOLOGIN', 'paxyo_' || service);
    END IF;
  END LOOP;

  FOREACH service IN ARRAY ARRAY['owner', 'ingest', 'gateway'] LOOP
    login := current_setting('paxyo.' || service || '_login');
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = login) THEN
      EXECUTE format('CREATE ROLE %I', login);
    END IF;
    EXECUTE format(
      'ALTER ROLE %I LOGIN NOINHERIT NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS CONNECTION LIMIT %s PASSWORD %L',
      login,
      CASE service WHEN 'owner' THEN 10 WHEN 'ingest' THEN 80 ELSE 100 END,
      current_setting('paxyo.' || service || '_password'));
  END LOOP;
END $$;

-- The owner is a role that its logins set, so that tables do not belong to a login.
DO $$
DECLARE
  has_options boolean := current_setting('server_version_num')::int >= 160000;
BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'paxyo_owner') THEN
    CREATE ROLE paxyo_owner NOLOGIN;
  END IF;
  -- The migrations grant rights to these roles. The owner is a member of them, and so needs no right to create roles.
  EXECUTE 'GRANT paxyo_ingest, paxyo_gateway TO paxyo_owner'
    || CASE WHEN has_options THEN ' WITH INHERIT FALSE, SET TRUE' ELSE '' END;
  -- Which standbys stream, and whether commits wait for one.
  EXECUTE 'GRANT pg_read_all_stats TO paxyo_ingest, paxyo_owner'
    || CASE WHEN has_options THEN ' WITH INHERIT TRUE, SET FALSE' ELSE '' END;
  EXECUTE format('ALTER DATABASE %I OWNER TO paxyo_owner', current_database());
  EXECUTE format('REVOKE ALL ON DATABASE %I FROM PUBLIC', current_database());
  -- Databases that no login needs.
  REVOKE CONNECT ON DATABASE postgres FROM PUBLIC;
  REVOKE CONNECT ON DATABASE template1 FROM PUBLIC;
END $$;

DO $$
DECLARE
  service text;
  login text;
  retired record;
  has_options boolean := current_setting('server_version_num')::int >= 160000;
BEGIN
  FOREACH service IN ARRAY ARRAY['owner', 'ingest', 'gateway'] LOOP
    login := current_setting('paxyo.' || service || '_login');
    EXECUTE format('GRANT %I TO %I', 'paxyo_' || service, login)
      || CASE WHEN has_options THEN ' WITH INHERIT FALSE, SET TRUE' ELSE '' END;
    EXECUTE format('GRANT CONNECT ON DATABASE %I TO %I', current_database(), login);
    IF service = 'owner' THEN
      EXECUTE format('ALTER ROLE %I SET role = paxyo_owner', login);
    END IF;

    -- Other logins of the same service are from before a rotation.
    CONTINUE WHEN current_setting('paxyo.retire') <> 'on';
    FOR retired IN
      SELECT member.rolname AS name
      FROM pg_auth_members
      JOIN pg_roles granted ON granted.oid = roleid AND granted.rolname = 'paxyo_' || service
      JOIN pg_roles member ON member.oid = pg_auth_members.member AND member.rolcanlogin
      WHERE member.rolname <> login AND NOT member.rolsuper
    LOOP
      EXECUTE format('ALTER ROLE %I NOLOGIN PASSWORD NULL', retired.name);
      PERFORM pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = retired.name;
    END LOOP;
  END LOOP;
END $$;
