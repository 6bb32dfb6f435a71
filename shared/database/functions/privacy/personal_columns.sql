-- The catalogue of personal data: every column of this schema, what it may hold about a person, and what forgetting a
-- person does to it. privacy/forgetting.sql carries it out, docs/privacy.md shows it, and
-- tests/integration/privacy/test_personal_columns.py fails for a column that is not here.

-- holds: mentor, coordinator or person: the id of one, in the app's tables. row: the id of a row in Dynamics. about: a
-- fact about the person whose id stands in the same row. staff: who did something, as a name or a login. free_text:
-- what a person typed, which may name anybody. nothing: no personal data.
-- treatment: row_deleted: rows with the id are deleted. id_removed: the id is taken out of the list. with_row: goes
-- with its row. with_notice: the row goes with the notice that it names. kept: stays, and `why` says for what.
-- members: of a jsonb column the names that it may hold; {*} means that the names are not fixed (of a measure, a table,
-- a column or a flag) and that every value is a number, a flag, a time or such a name.
CREATE OR REPLACE FUNCTION certification.personal_columns()
RETURNS TABLE (relation text, columns text[], members text[], holds text, treatment text, why text)
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT v.* FROM (VALUES
        ('alerts', '{id,condition,subject,since,opened_at,seen_at,n,mark,sent_at,sent_mark,sending_until,closed_at,'
                   'closing_sent_at,sending_by,sending_kind,sending_mark}'::text[], NULL::text[], 'nothing', NULL,
         NULL),
        ('alerts', '{ids}', NULL, 'person', 'id_removed', NULL),
        ('alert_tests', '{code,started_at,published_at,acknowledged_at,acknowledgements}', NULL, 'nothing', NULL,
         NULL),
        ('alerts', '{facts}', '{reason,still_shown,ends_on,form,due,sent,longest_silence_minutes,of,kind,'
                   'organisation_id,triggers,missing,invalid,disabled,changed,percent}', 'nothing', NULL, NULL),
        ('audit', '{id,at,action,organisation_id}', NULL, 'nothing', NULL, NULL),
        ('audit', '{mentor_id}', NULL, 'mentor', 'kept',
         'The record of who did what to whom; append-only.'),
        ('audit', '{actor}', NULL, 'staff', 'kept',
         'Who is accountable for a manual action; a coordinator stands there by id.'),
        ('audit', '{login}', NULL, 'staff', 'kept', 'The database login that did it, whatever name was stated.'),
        ('audit', '{reason}', NULL, 'free_text', 'kept', 'Why it was done, in the words of the person who did it.'),
        ('audit', '{facts}', '{run_id,kind,brake,n,of,thresholds,org_thresholds,queue,message_id,outcome,'
                  'restored_to,lost_at,notices,'
                  'version,before,after,reminders_put_back,reminders_kept,notices_removed,notices_sent,'
                  'notices_outcome_unknown,transitions_put_back,transitions_kept,days_put_back,days_kept,person_id,'
                  'removed,website_table,mode,planned,run,action,counts,journal,line,done_at,rotation,step,form,drill,'
                  'code,login,role}',
         'person', 'kept', 'The outcome in codes and numbers; person_id is the id that was forgotten.'),
        ('break_glass_journals', '{mentor_id}', NULL, 'mentor', 'row_deleted', NULL),
        ('break_glass_journals', '{journal_id,line,outcome,at,imported_at}', NULL, 'about', 'with_row', NULL),
        ('brakes', '{id,organisation_id,kind,tripped_at,run_id,last_run_id,n,of_n,released_at,closed_at,closed_in}',
         NULL, 'nothing', NULL, NULL),
        ('brakes', '{released_by}', NULL, 'staff', 'kept', 'Who is accountable for a mass change.'),
        ('brakes', '{released_reason}', NULL, 'free_text', 'kept', 'Why a mass change was let through.'),
        ('cert_expiry_reminders', '{mentor_id}', NULL, 'mentor', 'row_deleted', NULL),
        ('cert_expiry_reminders', '{threshold_day,certification_expiry_date,as_of,run_id,state,reason}', NULL, 'about',
         'with_row', NULL),
        ('chain', '{position,source,record,content_hash,previous_hash,hash,linked_at}', NULL, 'nothing', NULL, NULL),
        ('comparison_differences', '{mentor_id}', NULL, 'mentor', 'row_deleted', NULL),
        ('comparison_differences', '{row_id}', NULL, 'row', 'row_deleted', NULL),
        ('comparison_differences', '{comparison_id,site,organisation_id,class,cause,fields,version,consenting,verified,'
                                   'known_at}', NULL, 'about', 'with_row', NULL),
        ('comparison_equal', '{mentor_id}', NULL, 'mentor', 'row_deleted', NULL),
        ('comparison_equal', '{comparison_id,version}', NULL, 'about', 'with_row', NULL),
        ('comparison_prepared', '{mentor_id}', NULL, 'mentor', 'row_deleted', NULL),
        ('comparison_prepared', '{comparison_id,site,digest,is_quiet,is_live,has_mentor,has_certification,has_listing}',
         NULL, 'about', 'with_row', NULL),
        ('comparison_read_again', '{mentor_id}', NULL, 'mentor', 'row_deleted', NULL),
        ('comparison_read_again', '{comparison_id}', NULL, 'about', 'with_row', NULL),
        ('comparison_rows', '{mentor_id}', NULL, 'mentor', 'row_deleted', NULL),
        ('comparison_rows', '{row_id}', NULL, 'row', 'row_deleted', NULL),
        ('comparison_rows', '{comparison_id,site,shown,content,others,digest}', NULL, 'about', 'with_row', NULL),
        ('comparison_sites', '{comparison_id,site,website_table,website_key,organisations,columns,others,is_first}',
         NULL, 'nothing', NULL, NULL),
        ('comparison_sites', '{mapping}', '{table,key,columns,show,hide}', 'nothing', NULL, NULL),
        ('comparisons', '{id,at,settling,used_at,rows,prepared_since,is_prepared,prepared_of,prepared_rows}', NULL,
         'nothing', NULL, NULL),
        ('comparisons', '{prepared_next}', NULL, 'mentor', 'row_deleted', NULL),
        ('credential_rotations', '{id,state,form,previous_version,started_at,changed_at,current_at}', NULL, 'nothing',
         NULL, NULL),
        ('credential_rotations', '{actor}', NULL, 'staff', 'kept',
         'Who is accountable for a change of the credential, as long as the audit is kept.'),
        ('credential_rotations', '{reason}', NULL, 'free_text', 'kept', 'Why the credential was changed.'),
        ('duplicates', '{mentor_id}', NULL, 'person', 'row_deleted', NULL),
        ('duplicates', '{kind,certification_expiry_date,detail,n,found_in,found_at,seen_at}', NULL, 'about',
         'with_row', NULL),
        ('duplicates', '{reviewed_at,reviewed_by}', NULL, 'staff', 'with_row', NULL),
        ('duplicates', '{review_reason}', NULL, 'free_text', 'with_row', NULL),
        ('evaluated_days', '{organisation_id,day}', NULL, 'nothing', NULL, NULL),
        ('expected_structure', '{kind,name,relation,definition,as_shown}', NULL, 'nothing', NULL, NULL),
        ('findings', '{mentor_id}', NULL, 'mentor', 'row_deleted', NULL),
        ('findings', '{row_id}', NULL, 'row', 'row_deleted', NULL),
        ('findings', '{id,organisation_id,website_table,class,cause,fields,version,opened_in,opened_at,seen_in,seen_at,'
                     'repairs,repaired_at,closed_at,closed_in,outcome}', NULL, 'about', 'with_row', NULL),
        ('listings', '{mentor_id}', NULL, 'mentor', 'row_deleted', NULL),
        ('listings', '{organisation_id,state,reason,desired_version,synced_version,changed_at,synced_at,attempts,'
                     'shown_until,sending,sending_version,accepted_version,unknown_outcome_until,'
                     'unknown_outcome_version,claimed_by,claimed_until,verified_version,verified_at,row_version,'
                     'forced_day,forget_requested_at}', NULL, 'about', 'with_row', NULL),
        ('listings', '{website}', '{table,key,hide,columns,before}', 'about', 'with_row', NULL),
        ('listings', '{written}', '{*}', 'about', 'with_row', NULL),
        ('mail_events', '{id,event_key,notice_id,kind,message_id,occurred_at,received_at,bounce_type,code,status,'
                        'waits_until,applied_at}', NULL, 'about', 'with_notice', NULL),
        ('mail_drills', '{id,drill,mailbox,started_at,arrival,arrival_at,arrival_code,received_at}', NULL, 'nothing',
         NULL, NULL),
        ('mentors_to_recheck', '{mentor_id}', NULL, 'mentor', 'row_deleted', NULL),
        ('mentors_to_recheck', '{id,step}', NULL, 'about', 'with_row', NULL),
        ('migrations', '{name,checksum,applied_at}', NULL, 'nothing', NULL, NULL),
        ('missed_changes', '{mentor_ids}', NULL, 'mentor', 'id_removed', NULL),
        ('missed_changes', '{id,table_name,sqlstate,missed_at,taken_up_at}', NULL, 'nothing', NULL, NULL),
        ('notices', '{mentor_id}', NULL, 'mentor', 'row_deleted', NULL),
        ('notices', '{coordinator_id}', NULL, 'coordinator', 'row_deleted', NULL),
        ('notices', '{id,run_id,organisation_id,kind,threshold_day,certification_expiry_date,state,reason,locale,'
                    'sender_run_id,attempts,claimed_at,settled_at,message_id,reported_in,arrival,arrival_at,'
                    'arrival_code,address_digest,fallback_of}', NULL, 'about', 'with_row', NULL),
        ('organisation_settings', '{organisation_id,org_thresholds,thresholds,reactivate_renewed,brake_count,'
                                  'brake_percent,table_is_ours,fallback_address}', NULL, 'nothing', NULL, NULL),
        ('organisation_settings', '{listing_mapping}', '{table,key,columns,show,hide}', 'nothing', NULL, NULL),
        ('past_triggers', '{mentor_id}', NULL, 'mentor', 'row_deleted', NULL),
        ('past_triggers', '{kind,version,run_id,found_at}', NULL, 'about', 'with_row', NULL),
        ('progress', '{organisation_id,step,threshold_day,through}', NULL, 'nothing', NULL, NULL),
        ('proofs', '{run_id,at,ended_at,complete,reason,app_listed,website_listed,equal,app_hash,website_hash}', NULL,
         'nothing', NULL, NULL),
        ('proofs', '{counts}', '{*}', 'nothing', NULL, NULL),
        ('proofs', '{facts}', '{brake_since,known_at}', 'nothing', NULL, NULL),
        ('queue_depths', '{queue,n,seen_at}', NULL, 'nothing', NULL, NULL),
        ('run_counts', '{run_id,organisation_id,measure,detail,n}', NULL, 'nothing', NULL, NULL),
        ('run_organisations', '{run_id,organisation_id,as_of,state,reason,day_was,day_became}', NULL, 'nothing', NULL,
         NULL),
        ('runs', '{id,function,scheduled_at,request_id,started_at,ended_at,state,reason,website_codes,undone_at}', NULL,
         'nothing', NULL, NULL),
        ('simulated_time', '{only_row,ahead}', NULL, 'nothing', NULL, NULL),
        ('standard', '{only_row,thresholds,brake_count,brake_percent,fallback_address,keep_sweeps_days,keep_runs_days,'
                     'keep_notices_days,keep_findings_days,keep_audit_days}', NULL, 'nothing', NULL, NULL),
        ('standard', '{listing_mapping}', '{table,key,columns,show,hide}', 'nothing', NULL, NULL),
        ('step_failures', '{mentor_id}', NULL, 'mentor', 'row_deleted', NULL),
        ('step_failures', '{step,certification_expiry_date,organisation_id,reason,first_run_id,last_run_id,'
                          'nightly_checks}', NULL, 'about', 'with_row', NULL),
        ('sync_state', '{only_row,backoff_until,backoff_reason,stopped_since,stopped_reason,secret_ended,tried_at,'
                       'checked_at,check_reason,healthy_at,failing_since,secret_ends_on,pending_secret,'
                       'pending_version,credential_form}', NULL, 'nothing', NULL, NULL),
        ('sync_state', '{pending_findings}', '{*}', 'nothing', NULL, NULL),
        ('transitions', '{mentor_id}', NULL, 'mentor', 'row_deleted', NULL),
        ('transitions', '{to_status,certification_expiry_date,as_of,run_id}', NULL, 'about', 'with_row', NULL),
        ('unusable_addresses', '{person_id}', NULL, 'person', 'row_deleted', NULL),
        ('unusable_addresses', '{address_digest,notice_id,reason,since,allowed_at}', NULL, 'about', 'with_row', NULL),
        ('webhook', '{only_row,enabled,url,secret,function_arn}', NULL, 'nothing', NULL, NULL),
        ('website_places', '{website_table,website_key}', NULL, 'nothing', NULL, NULL),
        ('website_places', '{show,hide}', '{*}', 'nothing', NULL, NULL)
    ) AS v (relation, columns, members, holds, treatment, why)
$$;
COMMENT ON FUNCTION certification.personal_columns IS
    'Return every column of this schema, what it may hold about a person, and what forgetting a person does to it '
    '(I11).';

REVOKE ALL ON FUNCTION
    certification.personal_columns
FROM PUBLIC;
GRANT EXECUTE ON FUNCTION
    certification.personal_columns
TO certification_operations;
