-- The address of the webhook.

CREATE TABLE certification.webhook (
    only_row      boolean NOT NULL DEFAULT true CONSTRAINT webhook_has_one_row CHECK (only_row),
    enabled       boolean NOT NULL DEFAULT true,
    url           text
        -- A signed message must not cross a network in clear.
        CONSTRAINT webhook_url_is_https CHECK (
            url ~ '^(https://[^\s/@]+|http://(127\.0\.0\.1|localhost)(:[0-9]+)?)(/\S*)?$'),
    secret        text
        CONSTRAINT webhook_secret_is_long_enough CHECK (length(secret) >= 32)
        CONSTRAINT webhook_secret_is_printable CHECK (secret !~ '[^!-~]'),
    function_arn  text
        CONSTRAINT webhook_function_is_an_arn CHECK (
            function_arn ~ '^arn:[a-z-]+:lambda:[a-z0-9-]+:[0-9]{12}:function:[A-Za-z0-9_-]+(:[A-Za-z0-9_$-]+)?$'),
    CONSTRAINT webhook_pkey PRIMARY KEY (only_row),
    CONSTRAINT webhook_posts_one_way CHECK (num_nonnulls(url, function_arn) = 1),
    CONSTRAINT webhook_signs_what_it_posts CHECK ((url IS NULL) = (secret IS NULL))
);
COMMENT ON TABLE certification.webhook IS
    'The address of the webhook, in one row. Without a row, or with enabled off, nothing is notified. For its owner '
    'only: no other role may read the secret.';
COMMENT ON COLUMN certification.webhook.url IS
    'For pg_net: the function URL of status_changed. If null, function_arn is invoked.';
COMMENT ON COLUMN certification.webhook.secret IS
    'The key of the signature, at least 32 characters without spaces: the value `current` of status_changed''s secret.';
COMMENT ON COLUMN certification.webhook.function_arn IS
    'For RDS (aws_lambda): the ARN of status_changed, which is invoked as an event and needs no signature.';
REVOKE ALL ON certification.webhook FROM PUBLIC;
