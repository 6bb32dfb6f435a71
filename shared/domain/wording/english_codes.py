"""What codes mean, and the first thing to do about each, in English.

One table, longer than a module should be.
"""

from __future__ import annotations

from shared.domain.wording.texts import Codes, CodeText

_AGAIN = "This usually passes. If it lasts, look at Microsoft's Service health (admin.microsoft.com)."
_AGAIN_AWS = "This usually passes. If it lasts, look at health.aws.amazon.com."
_MAKE_ANOTHER = (
    "Create a new client secret in Entra (Certificates & secrets), and put it in use:"
    " `rotate-credential --actor YOU --reason WHY`"
)
_TRUST = "Compare the federated credential in Entra with docs/operations/credential-rotation.md, letter by letter."
_VERIFIED = "If it lasts, see that the federated credential names this AWS account's issuer, or upload the certificate."
_ROLE = "See that the role DataverseIdentity is as the stack made it, and that no policy (SCP) forbids the call."
_MAPPING = "Correct the listing mapping of the organisation, or bring back in Dynamics what it names."
_LOGIN = "See that the database runs, and that the function's secret holds its login."
_SENDER = "Its policy allows MailSender only: was the sender changed elsewhere?"
_NO_WAY = "In a VPC the functions need a NAT gateway: is it there?"
_OURS = "Report it to the developers, with the function's log."
_URL = "Correct the parameter DataverseUrl: it is https:// and the host, nothing after it."

CODES = Codes(
    whole={
        "entra_7000222": CodeText("the client secret has expired", _MAKE_ANOTHER),
        "entra_7000215": CodeText(
            "the client secret is wrong",
            ("Put the client secret's value into the Dataverse secret. Often its id was put there instead."),
        ),
        "entra_7000216": CodeText(
            "the client secret is missing", "Put the client secret's value into the secret of Dataverse."
        ),
        "entra_700016": CodeText(
            "no such application in this tenant",
            "Compare client_id and tenant_id in the secret of Dataverse with what Entra shows; was the application"
            " deleted?",
        ),
        "entra_7000112": CodeText(
            "the application is disabled", "Enable it again in Entra (Enterprise applications, Properties)."
        ),
        "entra_90002": CodeText("no such tenant", "Correct tenant_id in the secret of Dataverse."),
        "entra_900023": CodeText("the tenant's id is not of the form", "Correct tenant_id in the secret of Dataverse."),
        "entra_70021": CodeText("the application trusts nobody of this name", _TRUST),
        "entra_700211": CodeText("the application does not trust our AWS account (issuer)", _TRUST),
        "entra_700213": CodeText("the application does not trust our role (subject)", _TRUST),
        "entra_700212": CodeText("the application expects another audience", _TRUST),
        "entra_700024": CodeText("our signature is too old or too new for Entra", _VERIFIED),
        "entra_700027": CodeText("Entra knows no such signature of ours", _VERIFIED),
        "entra_7000272": CodeText("Entra does not find the key of our AWS account", _VERIFIED),
        "entra_501661": CodeText("Entra cannot read the keys of our AWS account", _VERIFIED),
        "sts_OutboundWebIdentityFederationDisabled": CodeText(
            "our AWS account has outbound identity federation switched off",
            "Switch it on: aws iam enable-outbound-web-identity-federation",
        ),
        "sts_AccessDenied": CodeText("AWS gives our role no identity token", _ROLE),
        "sts_no_role": CodeText("the function does not know its role", "Deploy this version whole: sam deploy"),
        "no_identity_provider": CodeText(
            "there is no identity provider here", "Use a client secret or a certificate here."
        ),
        "secret_has_two_forms": CodeText(
            "the secret has two ways to sign in", "Leave one of client_secret, federation and certificate."
        ),
        "secret_federation_unknown": CodeText(
            "the secret names an identity provider that is not supported", 'Write "federation": "aws".'
        ),
        "secret_certificate_unusable": CodeText(
            "the certificate or its key cannot be read", "Put both in as PEM, with a key that has no password."
        ),
        "entra_70011": CodeText(
            "Dynamics' address is not one that a token is given for",
            "Correct the parameter DataverseUrl: it is https:// and the host, nothing after it.",
        ),
        "entra_500011": CodeText(
            "Dynamics' address is not known in this tenant",
            "Correct the parameter DataverseUrl, or tenant_id in the secret of Dataverse.",
        ),
        "entra_53003": CodeText(
            "a rule of conditional access blocks us",
            "Have the administrator of Entra exempt the application from that rule.",
        ),
        "entra_90024": CodeText("the sign-in is overloaded", _AGAIN),
        "entra_90055": CodeText("the sign-in is overloaded", _AGAIN),
        "entra_90006": CodeText("the sign-in has a fault of its own", _AGAIN),
        "entra_backoff": CodeText("the sign-in asks for patience", _AGAIN),
        "secret_cannot_be_read": CodeText(
            "the function cannot read its secret",
            "See that the secret holds a value and that the function may read it.",
        ),
        "secret_is_not_json": CodeText(
            "the secret is no JSON object", "Put it in again, in the form the runbook shows."
        ),
        "secret_end_date_malformed": CodeText(
            "the day on which the client secret ends is no date",
            'Write "client_secret_expires_on": "2027-05-31" in the secret of Dataverse, with the day that Entra shows.',
        ),
        "website_result_small": CodeText("the website showed hardly anybody"),
        "website_backoff": CodeText("the website asks for patience", _AGAIN),
        "no_time_left": CodeText("there was no time left for all of it"),
        "differences_unverified": CodeText("there were too many differences to read all of them twice"),
        "scheduled_time_ahead": CodeText("its scheduled time has not come, so it did nothing"),
        "day_ahead": CodeText("the day has not come, so it was not evaluated"),
        "reminders_braked": CodeText("a brake holds reminders back"),
        "impossible_date": CodeText("the date cannot be right", "Correct the date in the app."),
        "repairs_braked": CodeText("a brake holds repairs back"),
        "expiries_braked": CodeText("a brake holds expiries back"),
        "never_ended": CodeText(
            "the function was killed before its end", "Look at the end of the function's log, then run it again."
        ),
        "step_failures": CodeText(
            "some mentors stood in the way and were skipped",
            "See why each of them stood in the way, as the runbook shows.",
        ),
        "unnotified": CodeText(
            "a mentor cannot be mailed and has no coordinator to inform",
            "Give them a coordinator or an e-mail address in the app. Until then they must be contacted another way.",
        ),
        "expiries_skipped_manual_edit": CodeText(
            "a person set a mentor active although the certification has ended",
            "Ask the coordinator: an expired mentor who is active is a safety matter.",
        ),
        "expiries_skipped_busy": CodeText("a mentor was being edited, and is rechecked"),
        "reactivations_skipped_manual_edit": CodeText(
            "a person set a renewed mentor expired, and that stands", "Ask the coordinator whether that is meant."
        ),
        "reactivations_skipped_busy": CodeText("a mentor was being edited, and is rechecked"),
        "notices_undeliverable": CodeText(
            "messages cannot be delivered: the address is missing or was refused",
            "Correct the addresses in the app, then put the messages back as the runbook shows.",
        ),
        "notices_given_back": CodeText("messages were not accepted and wait for the next run"),
        "notices_outcome_unknown": CodeText(
            "it is unknown whether some messages were sent", "Find out whether they were sent, as the runbook shows."
        ),
        "notices_stuck": CodeText(
            "messages are stuck, and need a person to look", "Find out whether they were sent, as the runbook shows."
        ),
        "no_email": CodeText("there is no e-mail address", "Put the person's e-mail address into the app."),
        "malformed_email": CodeText("what stands there is no e-mail address", "Correct the e-mail address in the app."),
        "reserved_domain": CodeText("nobody can get mail at that address", "Correct the e-mail address in the app."),
        "unusable_address": CodeText("mail cannot be sent to that address", "Correct the e-mail address in the app."),
        "address_bounced": CodeText(
            "mail to that address bounces, so no more is sent to it",
            "Ask the person about the address, by SMS first.",
        ),
        "address_bounces_repeatedly": CodeText(
            "three mails in a row bounced, so no more is sent to it", "Ask the person about the address, by SMS first."
        ),
        "address_complained": CodeText(
            "the recipient called our mail unwanted, so no more is sent to it", "Reach the person in another way."
        ),
        "no_fallback_address": CodeText(
            "the digest bounced, and the organisation has no fall-back address", "Set fallback_address."
        ),
        "throttled": CodeText("the mail service asks for patience"),
        "status_paused": CodeText("the mentor is paused"),
        "status_certification_expired": CodeText("the mentor has expired"),
        "manually_set_active": CodeText("set active by hand although the certification has ended"),
        "status_kept_by_the_app": CodeText(
            "a trigger of the app kept the mentor's status", "Ask the app's developers which trigger keeps it, and why."
        ),
        "manually_set_expired": CodeText("renewed, and set expired by hand"),
        "awaiting_manual_reactivation": CodeText("renewed, and the organisation reactivates by hand"),
        "AccountSuspendedException": CodeText(
            "SES has suspended the account", "Look at the account's reputation page in SES, and write to AWS support."
        ),
        "SendingPausedException": CodeText(
            "SES has paused sending", "Look at the account's reputation page in SES, and write to AWS support."
        ),
        "MailFromDomainNotVerifiedException": CodeText(
            "the sender's domain is not verified", "Verify the sender's domain in SES."
        ),
        "LimitExceededException": CodeText(
            "the mails of this day are used up", "Ask for a higher quota in SES, or wait until tomorrow."
        ),
        "MessageRejected": CodeText(
            "SES refuses our messages", "Verify the sender's domain in SES; out of the sandbox?"
        ),
        "BadRequestException": CodeText("SES refused the message", "Check the address."),
        "NotFoundException": CodeText(
            "the configuration set does not exist in SES", "Deploy the stack again, which makes it anew."
        ),
        "AccessDeniedException": CodeText("the function may not send from this address", _SENDER),
        "AccessDenied": CodeText("the function may not send from this address", _SENDER),
        "unusable_sender": CodeText(
            "mail cannot be sent from the sender's address", "Correct the parameter MailSender."
        ),
        "EndpointConnectionError": CodeText("the mail service cannot be reached", _NO_WAY),
        "ConnectTimeoutError": CodeText("the mail service cannot be reached", _NO_WAY),
        "unrenderable_notice": CodeText("the message could not be composed", _OURS),
        "incomplete_notice": CodeText("the message lacks what it has to say", _OURS),
        "ambiguous_message": CodeText("the message would have had more than one recipient", _OURS),
        "ParamValidationError": CodeText("the message was not of the form that SES takes", _OURS),
        "certificates_cannot_be_written": CodeText(
            "the database's certificates cannot be written down", "The function's /tmp is full: start it again."
        ),
        "unknown_timezone": CodeText(
            "the organisation's time zone is unknown", "Correct the organisation's time zone in the app (Europe/Oslo)."
        ),
        "entra_no_time_left": CodeText("there was no time left to sign in"),
        "link_is_no_url": CodeText("Dynamics returned a link that is none", _AGAIN),
        "link_leads_elsewhere": CodeText("Dynamics returned a link to another address", _URL),
        "row_lacks_a_column": CodeText("Dynamics left out a column that was asked for", _MAPPING),
        "row_without_an_id": CodeText("Dynamics returned a row without an id", _AGAIN),
        "table_not_an_identifier": CodeText("the mapping names a table that cannot be one", _MAPPING),
        "column_not_an_identifier": CodeText("the mapping names a column that cannot be one", _MAPPING),
        "key_not_an_identifier": CodeText("the mapping names a key that cannot be one", _MAPPING),
        "key_not_addressable": CodeText("the key of this listing cannot stand in an address", _OURS),
    },
    of_dynamics={
        "0x80072560": CodeText(
            "our application user is missing in this environment",
            "Add the application user again in the Power Platform admin centre (Environments, Settings, Application"
            " users), with its security role. The client secret is good.",
        ),
        "0x80042f09": CodeText(
            "our application user has no security role",
            "Give the application user its security role in the Power Platform admin centre. The client secret is"
            " good.",
        ),
        "0x8004a112": CodeText(
            "our application user is disabled",
            "Activate the application user in the Power Platform admin centre. The client secret is good.",
        ),
        "0x8004a104": CodeText(
            "the whole environment of Dynamics is disabled",
            "Ask the administrator of Power Platform why the environment is disabled. The client secret is good.",
        ),
        "0x80040220": CodeText(
            "our user's role lacks a privilege",
            "Give the application user's role the right to read, create and write on the table. The client secret is"
            " good.",
        ),
        "0x80044331": CodeText(
            "a text is longer than its column", "Shorten the text in the app, or make the column longer in Dynamics."
        ),
        "0x80048d19": CodeText("a column of the mapping does not exist", _MAPPING),
        "0x0": CodeText("a column of the mapping has another type", _MAPPING),
        "0x8006088a": CodeText("the table of the mapping does not exist", _MAPPING),
        "0x80060888": CodeText("the table of the mapping does not exist", _MAPPING),
        "0x80060892": CodeText("another row has the same key", "Look in Dynamics for a second row of the mentor."),
        "0x80040237": CodeText("another row has the same key", "Look in Dynamics for a second row of the mentor."),
    },
    beginnings={
        "dataverse_url_": CodeText("the address of Dynamics is none that we may send to", _URL),
        "entra_authority_": CodeText(
            "the address of Microsoft's sign-in is none that we may send to", "Correct the parameter EntraAuthority."
        ),
        "dataverse_unreachable": CodeText("Dynamics cannot be reached", _AGAIN),
        "dataverse_401": CodeText(
            "Dynamics does not take our sign-in",
            "See that the parameter DataverseUrl is the environment to which the application belongs.",
        ),
        "dataverse_403": CodeText(
            "this is not ours to read or write", "Look at the role of the application user in Dynamics."
        ),
        "dataverse_404": CodeText("the table or the row does not exist", _MAPPING),
        "dataverse_429": CodeText("the website asks for patience", _AGAIN),
        "dataverse_4": CodeText("Dynamics refuses it; the code is its own"),
        "dataverse_5": CodeText("a fault of Dynamics", _AGAIN),
        "dataverse_": CodeText("Dynamics does not respond as it should", _AGAIN),
        "entra_unreachable": CodeText("Microsoft's sign-in cannot be reached", _AGAIN),
        "entra_fault": CodeText("a fault of Microsoft's sign-in", _AGAIN),
        "entra_200": CodeText("Microsoft's sign-in gave no token", _AGAIN),
        "entra_429": CodeText("the sign-in asks for patience", _AGAIN),
        "entra_": CodeText(
            "Microsoft's sign-in refuses us; the number is Microsoft's own",
            "Look the number up at login.microsoftonline.com/error.",
        ),
        "sts_": CodeText("AWS gives us no identity token; the code is its own", _AGAIN_AWS),
        "secret_": CodeText("the secret cannot be used", "Put it in again, in the form the runbook shows."),
        "website_": CodeText("a fault on the way to the website", _AGAIN),
        "queue_": CodeText("the queue did not take it", "Check whether AWS reports an outage of SQS."),
        "database_connection": CodeText("the database cannot be reached, or refuses the login", _LOGIN),
        "database_tls": CodeText("the database's certificate is not believed", _LOGIN),
        "database_40": CodeText("the database was too busy"),
        "database_53": CodeText("the database has no room"),
        "database_55P03": CodeText("the database was too busy"),
        "database_57": CodeText("the database was shut down, or too slow"),
        "database_42501": CodeText(
            "the function may not do this in the database", "Apply the migrations, as the owner of the database."
        ),
        "database_": CodeText("the database refused; the code is its own"),
        "sns_": CodeText("the message to operations was not taken"),
        "unexpected_": CodeText("an unexpected error", "Report it to the developers, with the function's log."),
    },
    of_the_next="the next client secret: {meaning}",
)
