-- A neutralized copy of a database calls nobody and believes nobody.
UPDATE integration_connection SET state = 'paused', delivery_url = NULL, api_base_url = NULL;
UPDATE integration_endpoint SET active = FALSE;
UPDATE integration_credential SET ciphertext = NULL, hint = NULL;
UPDATE integration_credential SET pending_ciphertext = NULL, pending_hint = NULL;
UPDATE integration_drop SET active = FALSE;
