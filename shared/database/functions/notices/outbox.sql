-- The outbox: claim, then send, then settle (I4). A claim is committed before the mail service is called, one notice at
-- a time, so a crash leaves exactly one notice of unknown outcome. That notice stays `claimed`, is reported as stuck,
-- and is never sent again by itself.

CREATE OR REPLACE FUNCTION certification.mail_problem(p_email text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE
        WHEN certification.clean_text(p_email) IS NULL THEN 'no_email'
        WHEN certification.clean_text(p_email) COLLATE "C"
             !~ '^[^@[:space:],;<>"]+@[^@[:space:],;<>"]+\.[^@[:space:],;<>".]+$' THEN 'malformed_email'
        WHEN certification.clean_text(p_email) COLLATE "C"
             ~* '\.(alt|arpa|example|internal|invalid|local|localhost|onion|test)$' THEN 'reserved_domain'
    END
$$;
COMMENT ON FUNCTION certification.mail_problem IS
    'Return why this address cannot be mailed in its published form (clean_text), or null.';

CREATE OR REPLACE FUNCTION certification.usable_locale(p_locale text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN lower(certification.clean_text(p_locale)) IN ('nb', 'nn', 'en')
                THEN lower(certification.clean_text(p_locale)) ELSE 'nb' END
$$;
COMMENT ON FUNCTION certification.usable_locale IS
    'Return the recipient''s language; bokmål if it is none of the three that we have.';

CREATE OR REPLACE FUNCTION certification.stale_notice(p_notice certification.notices, p_today date) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT CASE
        WHEN p_notice.kind = 'digest' THEN NULL
        WHEN m.id IS NULL THEN 'mentor_deleted'
        WHEN x.expires_on IS DISTINCT FROM p_notice.certification_expiry_date THEN 'renewed'
        WHEN x.status <> k.status THEN 'status_changed'
        WHEN k.status = 'active' AND x.expires_on < p_today THEN 'expired'
        WHEN p_notice.kind = 'reminder' AND EXISTS (
            SELECT 1 FROM certification.notices AS n
             WHERE n.mentor_id = p_notice.mentor_id AND n.kind = 'reminder' AND n.id <> p_notice.id
               AND n.certification_expiry_date = p_notice.certification_expiry_date
               AND n.threshold_day < p_notice.threshold_day) THEN 'nearer_reminder'
    END
      FROM certification.notice_kinds() AS k
      LEFT JOIN public.peer_mentors AS m ON m.id = p_notice.mentor_id
      LEFT JOIN public.certifications AS c ON c.mentor_id = m.id
     CROSS JOIN LATERAL (SELECT certification.day_of(c.expires_on,
                                                     certification.zone_of(m.organisation_id)) AS expires_on,
                                coalesce(certification.status_of(m.status::text), '') AS status) AS x
     WHERE k.kind = p_notice.kind
$$;
COMMENT ON FUNCTION certification.stale_notice IS
    'Return why this notice is no longer true and must not be sent, or null.';

CREATE OR REPLACE FUNCTION certification.claim_notice(p_run_id uuid, p_organisation_id uuid,
                                                      p_digests boolean, p_today date)
RETURNS TABLE (
    notice_id bigint, kind text, locale text, organisation_name text, recipient_name text, recipient_address text,
    expires_on date, contact_name text, contact_address text, instead_of text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_notice certification.notices;
    v_reason text;
    v_to_mentor boolean;
    v_address text;
    v_problem text;
    v_instead_of text;
BEGIN
    PERFORM certification.own_run(p_run_id);
    PERFORM certification.refuse_day_ahead(p_organisation_id, p_today);
    IF certification.is_overtaken(p_organisation_id, p_today) THEN
        RETURN; -- an old event that is delivered again would state the wrong number of days left
    END IF;
    LOOP
        SELECT n.* INTO v_notice
          FROM certification.notices AS n
         WHERE n.state = 'pending' AND n.organisation_id = p_organisation_id AND (n.kind = 'digest') = p_digests
           AND n.sender_run_id IS DISTINCT FROM p_run_id -- given back in this run, so not before the next one
         ORDER BY n.attempts, n.id -- a notice refused before must not block one that was not
           FOR UPDATE SKIP LOCKED
         LIMIT 1;
        IF NOT FOUND THEN
            RETURN;
        END IF;
        SELECT k.recipient = 'mentor' INTO v_to_mentor
          FROM certification.notice_kinds() AS k WHERE k.kind = v_notice.kind;
        SELECT x.locale, x.problem, x.address, x.coordinator
          INTO v_notice.locale, v_reason, v_address, v_instead_of
          FROM (SELECT certification.usable_locale(r.locale) AS locale, certification.clean_text(r.email) AS address,
                       coalesce(certification.clean_text(k.full_name::text), certification.clean_text(k.email::text),
                                k.id::text) AS coordinator,
                       coalesce(certification.stale_notice(v_notice, p_today), CASE
                           WHEN r.id IS NULL THEN 'recipient_deleted'
                           WHEN v_notice.kind = 'digest' AND NOT EXISTS (
                               SELECT 1 FROM certification.digest_lines(v_notice.id))
                           THEN 'nothing_to_send' END) AS problem
                  FROM (SELECT 1) AS one
                  LEFT JOIN public.peer_mentors AS m ON m.id = v_notice.mentor_id
                  LEFT JOIN public.coordinators AS k ON k.id = coalesce(v_notice.coordinator_id, m.coordinator_id)
                 CROSS JOIN LATERAL (SELECT CASE WHEN v_to_mentor THEN m.id ELSE k.id END AS id,
                                            CASE WHEN v_to_mentor THEN m.locale::text ELSE k.locale::text END AS locale,
                                            CASE WHEN v_to_mentor THEN m.email::text ELSE k.email::text END AS email
                                    ) AS r) AS x;
        IF v_reason IS NOT NULL THEN
            UPDATE certification.notices AS n
               SET state = 'superseded', reason = v_reason, locale = v_notice.locale, sender_run_id = p_run_id,
                   settled_at = clock_timestamp()
             WHERE n.id = v_notice.id;
            -- What this digest was to report goes into the next.
            UPDATE certification.notices AS n SET reported_in = NULL WHERE n.reported_in = v_notice.id;
            CONTINUE;
        END IF;
        IF v_notice.kind = 'digest' THEN
            SELECT r.address, r.problem, CASE WHEN r.is_fallback THEN v_instead_of END
              INTO v_address, v_problem, v_instead_of
              FROM certification.digest_recipient(v_notice.organisation_id, v_notice.coordinator_id,
                                                  v_notice.fallback_of) AS r;
        ELSE
            v_problem := certification.address_problem(v_address);
            v_instead_of := NULL;
        END IF;
        IF v_problem IS NOT NULL THEN
            UPDATE certification.notices AS n
               SET state = 'undeliverable', reason = v_problem, locale = v_notice.locale, sender_run_id = p_run_id,
                   settled_at = clock_timestamp()
             WHERE n.id = v_notice.id;
            CONTINUE;
        END IF;
        UPDATE certification.notices AS n
           SET state = 'claimed', locale = v_notice.locale, sender_run_id = p_run_id, attempts = n.attempts + 1,
               reason = NULL, claimed_at = clock_timestamp(),
               address_digest = certification.address_digest(v_address)
         WHERE n.id = v_notice.id;
        RETURN QUERY
        SELECT v_notice.id, v_notice.kind, v_notice.locale, coalesce(certification.clean_text(o.name::text), 'HLF'),
               CASE WHEN v_to_mentor THEN x.mentor_name
                    WHEN v_instead_of IS NULL THEN x.coordinator_name
                    ELSE coalesce(certification.clean_text(o.name::text), 'HLF') END,
               v_address, v_notice.certification_expiry_date,
               CASE WHEN v_to_mentor THEN x.coordinator_name
                    ELSE coalesce(x.mentor_name, x.mentor_email, v_notice.mentor_id::text) END,
               -- Who complained of our mail still gets that of others.
               CASE WHEN coalesce(certification.address_problem(c.address), 'address_complained') = 'address_complained'
                    THEN c.address END,
               v_instead_of
          FROM public.organisations AS o
          LEFT JOIN public.peer_mentors AS m ON m.id = v_notice.mentor_id
          LEFT JOIN public.coordinators AS k ON k.id = coalesce(v_notice.coordinator_id, m.coordinator_id)
         CROSS JOIN LATERAL (
               SELECT certification.full_name(m.first_name::text, m.last_name::text) AS mentor_name,
                      certification.clean_text(m.email::text) AS mentor_email,
                      certification.clean_text(k.full_name::text) AS coordinator_name,
                      certification.clean_text(k.email::text) AS coordinator_email) AS x
         CROSS JOIN LATERAL (
               SELECT CASE WHEN v_to_mentor THEN x.coordinator_email ELSE x.mentor_email END) AS c (address)
         WHERE o.id = v_notice.organisation_id;
        RETURN;
    END LOOP;
END
$$;
COMMENT ON FUNCTION certification.claim_notice IS
    'Claim the next pending notice that is still true and return it, or return no row (I4). Commit before sending. A '
    'notice passes between a mentor and the coordinator: one is the recipient, the other the contact. A digest has no '
    'contact. A notice to an address that no mail can go to is settled as undeliverable instead, except a digest: it '
    'goes to the fall-back address, instead of the coordinator whom instead_of names (I17).';

CREATE OR REPLACE FUNCTION certification.settle_notice(p_notice_id bigint, p_run_id uuid, p_state text,
                                                       p_reason text, p_message_id text)
RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    UPDATE certification.notices AS n
       SET state = p_state, reason = certification.plain(p_reason, 500),
           message_id = certification.plain(p_message_id, 200),
           settled_at = CASE WHEN p_state IN ('sent', 'undeliverable', 'superseded') THEN clock_timestamp() END,
           -- A digest may have said that SES refused it. Now it is sent, and may bounce: that is another report.
           reported_in = CASE WHEN p_state <> 'sent' THEN n.reported_in END
     WHERE n.id = p_notice_id
       -- A run that was given up may still report that it has sent. That report must not be lost.
       AND n.sender_run_id = certification.own_run(p_run_id, p_running => false)
       AND (n.state = 'claimed' OR n.state = 'pending' AND p_state = 'undeliverable');
    IF NOT FOUND THEN
        RETURN 'skipped_not_claimed_by_this_run';
    END IF;
    IF EXISTS (SELECT 1 FROM certification.mail_events AS e WHERE e.notice_id = p_notice_id) THEN
        PERFORM certification.apply_mail_events(p_notice_id);
    END IF;
    RETURN 'changed';
END
$$;
COMMENT ON FUNCTION certification.settle_notice IS
    'Write the outcome of a notice that this run claimed (I4): sent, undeliverable, pending (given back, certainly '
    'not accepted) or claimed (outcome unknown: the reason is kept and the claim stays). A run may still write off '
    'what it gave back. An event of SES that has come meanwhile is applied, and makes it sent, whatever the run says. '
    'Return changed or skipped_not_claimed_by_this_run.';

CREATE OR REPLACE FUNCTION certification.was_refused(p_notice certification.notices, p_run_id uuid) RETURNS boolean
LANGUAGE sql IMMUTABLE AS $$
    SELECT p_notice.state = 'undeliverable'
        OR (p_notice.state = 'pending' AND p_notice.sender_run_id = p_run_id AND p_notice.reason <> 'throttled')
$$;
COMMENT ON FUNCTION certification.was_refused IS
    'Return whether the notice was written off, or was refused in this run and given back for another reason than '
    'throttling. In the second case a digest that can be sent shows that SES accepts mail, and the notice is written '
    'off.';

-- The counts of a sending run are derived from the states of the notices that it took, so nothing has to be kept in
-- step; except what it put back, which is not its own yet.
CREATE OR REPLACE FUNCTION certification.count_sending(p_run_id uuid, p_organisation_id uuid,
                                                       p_stuck_before timestamptz)
RETURNS TABLE (measure text, detail text, n bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM certification.own_run(p_run_id);
    INSERT INTO certification.run_counts (run_id, organisation_id, measure, detail, n)
    SELECT p_run_id, p_organisation_id, 'notices_' || s.outcome, k.kind || ':' || l.locale, count(n.id)
      FROM certification.notice_kinds() AS k
     CROSS JOIN unnest('{nb,nn,en}'::text[]) AS l (locale)
     CROSS JOIN (VALUES ('sent', 'sent'), ('undeliverable', 'undeliverable'), ('superseded', 'superseded'),
                        ('given_back', 'pending'), ('outcome_unknown', 'claimed')) AS s (outcome, state)
      LEFT JOIN certification.notices AS n
        ON n.sender_run_id = p_run_id AND n.organisation_id = p_organisation_id
       AND n.kind = k.kind AND n.state = s.state AND coalesce(n.locale, 'nb') = l.locale
     GROUP BY s.outcome, k.kind, l.locale
    UNION ALL
    SELECT p_run_id, p_organisation_id, 'notices_waiting', '', count(*)
      FROM certification.notices AS n WHERE n.organisation_id = p_organisation_id AND n.state = 'pending'
    UNION ALL
    SELECT p_run_id, p_organisation_id, 'notices_stuck', '', count(*)
      FROM certification.notices AS n
     WHERE n.organisation_id = p_organisation_id AND n.state = 'claimed' AND n.claimed_at < p_stuck_before
    UNION ALL
    SELECT p_run_id, p_organisation_id, 'days_overtaken', 'send',
           coalesce(bool_or(certification.is_overtaken(p_organisation_id, ro.as_of)), false)::integer
      FROM certification.run_organisations AS ro
     WHERE ro.run_id = p_run_id AND ro.organisation_id = p_organisation_id
    ON CONFLICT ON CONSTRAINT run_counts_pkey DO UPDATE SET n = excluded.n;
    -- Counted when it happens (complete_digests), and only in the daytime.
    INSERT INTO certification.run_counts (run_id, organisation_id, measure, detail, n)
    VALUES (p_run_id, p_organisation_id, 'notices_put_back', '', 0)
    ON CONFLICT ON CONSTRAINT run_counts_pkey DO NOTHING;
    RETURN QUERY
    SELECT c.measure, c.detail, c.n FROM certification.run_counts AS c
     WHERE c.run_id = p_run_id AND c.organisation_id = p_organisation_id ORDER BY 1, 2;
END
$$;
COMMENT ON FUNCTION certification.count_sending IS
    'Count the outcomes of the notices that this run took, zeros included, and the waiting and stuck notices (I4, '
    'I12). Return the counts.';

REVOKE ALL ON FUNCTION
    certification.mail_problem, certification.usable_locale, certification.stale_notice, certification.claim_notice,
    certification.settle_notice, certification.was_refused, certification.count_sending
FROM PUBLIC;
GRANT EXECUTE ON FUNCTION
    certification.claim_notice, certification.settle_notice, certification.count_sending
TO certification_send_notices;
