-- A neutralized copy of a database calls nobody and believes nobody.
UPDATE integration_connection
   SET state = CASE state WHEN 'draft' THEN 'draft' ELSE 'paused' END,
       environment = 'test', delivery_url = NULL, api_base_url = NULL, allowed_hosts = NULL;
UPDATE integration_endpoint SET active = FALSE;
UPDATE integration_credential SET pending_ciphertext = NULL, pending_hint = NULL;
-- References go, too: the server of the copy may reach the same vault, files or environment.
UPDATE integration_credential
   SET ciphertext = NULL, reference = NULL, key_fingerprint = NULL, hint = NULL, token_url = NULL;
DELETE FROM integration_token;
UPDATE integration_drop SET active = FALSE;
UPDATE queue_job SET state = 'cancelled'
 WHERE model_name LIKE 'integration.%' AND state IN ('wait_dependencies', 'pending', 'enqueued', 'started');
