SET FOREIGN_KEY_CHECKS = 0;
CREATE TABLE `api_token` (
  `id` char(26) NOT NULL,
  `version` int(10) unsigned NOT NULL,
  `created_at` datetime(3) NOT NULL,
  `updated_at` datetime(3) NOT NULL,
  `name` varchar(100) NOT NULL,
  `hash` char(64) NOT NULL,
  PRIMARY KEY (`id`),
  UNIQUE KEY `api_token_name` (`name`),
  UNIQUE KEY `api_token_hash` (`hash`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
INSERT INTO `api_token` (`id`, `version`, `created_at`, `updated_at`, `name`, `hash`) VALUES ('01M81Q4R8V5DP5G262R9TF4VV4', 1, '2026-11-22 13:29:17.339', '2026-11-22 13:29:17.339', 'admin', 'd4424d86eb0b57b4d964e7f61f4ba810d9c4e55eb4db2ffba75ec5608721f15e');
CREATE TABLE `audit_entry` (
  `id` char(26) NOT NULL,
  `at` datetime(3) NOT NULL,
  `who` varchar(100) NOT NULL,
  `action` varchar(16) NOT NULL,
  `resource` varchar(32) NOT NULL,
  `resource_id` varchar(128) NOT NULL,
  `before` longtext DEFAULT NULL,
  `after` longtext DEFAULT NULL,
  PRIMARY KEY (`id`),
  KEY `audit_entry_resource` (`resource_id`),
  KEY `audit_entry_at` (`at`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
INSERT INTO `audit_entry` (`id`, `at`, `who`, `action`, `resource`, `resource_id`, `before`, `after`) VALUES ('01M81Q4RH2C31H5R71NATVVXQK', '2026-11-22 13:29:17.594', 'admin', 'create', 'channel', '01M81Q4RGXW6GCNH7XYBX89MFC', NULL, '{\"id\":\"01M81Q4RGXW6GCNH7XYBX89MFC\",\"version\":1,\"createdAt\":\"2026-11-22T13:29:17.594Z\",\"updatedAt\":\"2026-11-22T13:29:17.594Z\",\"name\":\"shop\",\"description\":\"Ä–ö 漢\"}');
INSERT INTO `audit_entry` (`id`, `at`, `who`, `action`, `resource`, `resource_id`, `before`, `after`) VALUES ('01M81Q4RJG9B42C9MEZHCWBWE1', '2026-11-22 13:29:17.627', 'admin', 'create', 'data-source', '01M81Q4RHZV00GHQTKP6052VTD', NULL, '{\"id\":\"01M81Q4RHZV00GHQTKP6052VTD\",\"version\":1,\"createdAt\":\"2026-11-22T13:29:17.627Z\",\"updatedAt\":\"2026-11-22T13:29:17.627Z\",\"name\":\"s\",\"kind\":\"mysql\",\"host\":\"db.example.com\",\"port\":3306,\"user\":\"lutra\",\"tls\":\"disabled\",\"standbys\":[]}');
INSERT INTO `audit_entry` (`id`, `at`, `who`, `action`, `resource`, `resource_id`, `before`, `after`) VALUES ('01M81Q4RMP9C233235J2NFGVQZ', '2026-11-22 13:29:17.691', 'admin', 'create', 'data-source', '01M81Q4RM59YXAFRQ6BQ6NKVAG', NULL, '{\"id\":\"01M81Q4RM59YXAFRQ6BQ6NKVAG\",\"version\":1,\"createdAt\":\"2026-11-22T13:29:17.691Z\",\"updatedAt\":\"2026-11-22T13:29:17.691Z\",\"name\":\"t\",\"kind\":\"mariadb\",\"host\":\"db.example.com\",\"port\":3306,\"user\":\"lutra\",\"tls\":\"disabled\",\"standbys\":[{\"host\":\"standby.example.com\",\"port\":3307}]}');
INSERT INTO `audit_entry` (`id`, `at`, `who`, `action`, `resource`, `resource_id`, `before`, `after`) VALUES ('01M81Q4RRSSASQE5XQW7P6S21J', '2026-11-22 13:29:17.761', 'admin', 'create', 'pipeline', '01M81Q4RPFRY48V4EGZZ8ARD65', NULL, '{\"id\":\"01M81Q4RPFRY48V4EGZZ8ARD65\",\"version\":2,\"createdAt\":\"2026-11-22T13:29:17.761Z\",\"updatedAt\":\"2026-11-22T13:29:17.761Z\",\"channelId\":\"01M81Q4RGXW6GCNH7XYBX89MFC\",\"name\":\"berlin-to-lisbon\",\"sourceId\":\"01M81Q4RHZV00GHQTKP6052VTD\",\"targetId\":\"01M81Q4RM59YXAFRQ6BQ6NKVAG\",\"revision\":1,\"parameters\":{\"parallelism\":5,\"maxRows\":5000,\"maxBytes\":4194304,\"maxDelayMs\":20,\"loadBatchRows\":500,\"cursorMaxAgeMs\":5000,\"heartbeatMs\":1000,\"retryInPlaceMs\":30000,\"processAgeMaxMs\":60000,\"ddl\":\"sync\",\"ddlByKind\":{},\"ddlDecisions\":{},\"applyMode\":\"merged\",\"extractPlacement\":\"any\",\"transformPlacement\":\"any\",\"priority\":\"normal\",\"failoverMode\":\"balanced\",\"failback\":\"stay\",\"preferredSelect\":\"\",\"preferredLoad\":\"\",\"queueAgeMaxMs\":30000,\"stageAgeMaxMs\":30000,\"noProgressMaxMs\":60000,\"lanes\":2,\"loadTransactionRows\":20000,\"loadTransactionBytes\":8388608,\"commitTargetMs\":250,\"keepTransactions\":false,\"onPoison\":\"deadLetter\",\"poisonTries\":3,\"noPrimaryKey\":\"matchAllColumns\",\"missingColumn\":\"fail\",\"foreignKeys\":\"trust\",\"dryRun\":false,\"throttleRowsPerSecond\":0,\"targetRunningThreadsMax\":0,\"targetReplicaLagMaxMs\":0,\"targetHistoryListMax\":0},\"start\":{\"kind\":\"time\",\"time\":\"2026-11-21T10:00:00Z\"}}');
INSERT INTO `audit_entry` (`id`, `at`, `who`, `action`, `resource`, `resource_id`, `before`, `after`) VALUES ('01M81Q4RW70T7YA0QKC2D35PB0', '2026-11-22 13:29:17.873', 'admin', 'create', 'mapping', '01M81Q4RT7W4A2T4TMJVJ8C2Y5', NULL, '{\"id\":\"01M81Q4RT7W4A2T4TMJVJ8C2Y5\",\"version\":1,\"createdAt\":\"2026-11-22T13:29:17.873Z\",\"updatedAt\":\"2026-11-22T13:29:17.873Z\",\"pipelineId\":\"01M81Q4RPFRY48V4EGZZ8ARD65\",\"source\":{\"schema\":\"shop\",\"table\":{\"exact\":\"orders\"}},\"target\":{\"schema\":\"copy\"},\"columns\":{\"mode\":\"all\"},\"onConflict\":{\"kind\":\"overwrite\"},\"weight\":0}');
INSERT INTO `audit_entry` (`id`, `at`, `who`, `action`, `resource`, `resource_id`, `before`, `after`) VALUES ('01M81Q4S1SX1WN6XBP2AFB56RR', '2026-11-22 13:29:17.995', 'admin', 'create', 'mapping', '01M81Q4RYX7C8DVP8G0R7JBSXA', NULL, '{\"id\":\"01M81Q4RYX7C8DVP8G0R7JBSXA\",\"version\":1,\"createdAt\":\"2026-11-22T13:29:17.995Z\",\"updatedAt\":\"2026-11-22T13:29:17.995Z\",\"pipelineId\":\"01M81Q4RPFRY48V4EGZZ8ARD65\",\"source\":{\"schema\":\"shop\",\"table\":{\"regex\":\"stock_\\\\d+\"}},\"target\":{\"schema\":\"copy\"},\"columns\":{\"mode\":\"all\"},\"onConflict\":{\"kind\":\"overwrite\"},\"weight\":0}');
INSERT INTO `audit_entry` (`id`, `at`, `who`, `action`, `resource`, `resource_id`, `before`, `after`) VALUES ('01M81Q4S4BKTVBQ8CSDA6VN5Y4', '2026-11-22 13:29:18.213', 'admin', 'command', 'command', '01M81Q4S45MS2BYMQN6X4AP1PE', NULL, '{\"kind\":\"START\",\"reason\":\"a dump\",\"id\":\"01M81Q4S45MS2BYMQN6X4AP1PE\",\"pipelineId\":\"01M81Q4RPFRY48V4EGZZ8ARD65\",\"aboutEpoch\":null,\"author\":\"admin\",\"issuedAt\":\"2026-11-22T13:29:18.213Z\"}');
CREATE TABLE `channel` (
  `id` char(26) NOT NULL,
  `version` int(10) unsigned NOT NULL,
  `created_at` datetime(3) NOT NULL,
  `updated_at` datetime(3) NOT NULL,
  `name` varchar(100) NOT NULL,
  `description` varchar(1000) NOT NULL,
  PRIMARY KEY (`id`),
  UNIQUE KEY `channel_name` (`name`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
INSERT INTO `channel` (`id`, `version`, `created_at`, `updated_at`, `name`, `description`) VALUES ('01M81Q4RGXW6GCNH7XYBX89MFC', 1, '2026-11-22 13:29:17.594', '2026-11-22 13:29:17.594', 'shop', 'Ä–ö 漢');
CREATE TABLE `command` (
  `id` varchar(64) NOT NULL,
  `pipeline_id` char(26) NOT NULL,
  `kind` varchar(16) NOT NULL,
  `author` varchar(100) NOT NULL,
  `issued_at` datetime(3) NOT NULL,
  `body` longtext NOT NULL,
  `whole` longtext DEFAULT NULL,
  `request_key` char(64) DEFAULT NULL,
  `request_hash` char(64) DEFAULT NULL,
  `is_sent` tinyint(4) NOT NULL,
  `outcome` varchar(16) DEFAULT NULL,
  `decided_at` datetime(3) DEFAULT NULL,
  PRIMARY KEY (`id`),
  UNIQUE KEY `command_request` (`request_key`,`pipeline_id`),
  KEY `command_pipeline` (`pipeline_id`,`issued_at`),
  KEY `command_issued_at` (`issued_at`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
INSERT INTO `command` (`id`, `pipeline_id`, `kind`, `author`, `issued_at`, `body`, `whole`, `request_key`, `request_hash`, `is_sent`, `outcome`, `decided_at`) VALUES ('01M81Q4S45MS2BYMQN6X4AP1PE', '01M81Q4RPFRY48V4EGZZ8ARD65', 'START', 'admin', '2026-11-22 13:29:18.213', '{\"kind\":\"START\",\"reason\":\"a dump\",\"id\":\"01M81Q4S45MS2BYMQN6X4AP1PE\",\"pipelineId\":\"01M81Q4RPFRY48V4EGZZ8ARD65\",\"aboutEpoch\":null,\"author\":\"admin\",\"issuedAt\":\"2026-11-22T13:29:18.213Z\"}', NULL, NULL, NULL, 1, NULL, NULL);
CREATE TABLE `data_source` (
  `id` char(26) NOT NULL,
  `version` int(10) unsigned NOT NULL,
  `created_at` datetime(3) NOT NULL,
  `updated_at` datetime(3) NOT NULL,
  `name` varchar(100) NOT NULL,
  `kind` varchar(16) NOT NULL,
  `host` varchar(255) NOT NULL,
  `port` int(10) unsigned NOT NULL,
  `user` varchar(128) NOT NULL,
  `password_sealed` text NOT NULL,
  `tls` varchar(16) NOT NULL,
  `tls_ca` text DEFAULT NULL,
  `standbys` longtext DEFAULT NULL,
  PRIMARY KEY (`id`),
  UNIQUE KEY `data_source_name` (`name`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
INSERT INTO `data_source` (`id`, `version`, `created_at`, `updated_at`, `name`, `kind`, `host`, `port`, `user`, `password_sealed`, `tls`, `tls_ca`, `standbys`) VALUES ('01M81Q4RHZV00GHQTKP6052VTD', 1, '2026-11-22 13:29:17.627', '2026-11-22 13:29:17.627', 's', 'mysql', 'db.example.com', 3306, 'lutra', 'v1.M39fg8gpKEPxHA3B.q5RxQALTQA91pw.su9iaNlELgo6MRW_m2v_7g', 'disabled', NULL, '[]');
INSERT INTO `data_source` (`id`, `version`, `created_at`, `updated_at`, `name`, `kind`, `host`, `port`, `user`, `password_sealed`, `tls`, `tls_ca`, `standbys`) VALUES ('01M81Q4RM59YXAFRQ6BQ6NKVAG', 1, '2026-11-22 13:29:17.691', '2026-11-22 13:29:17.691', 't', 'mariadb', 'db.example.com', 3306, 'lutra', 'v1.b2TmlYNJaVIqrg64.Lhsib1ASEpeRbQ.ueT3dzQJoFG16AZUCbQCug', 'disabled', NULL, '[{\"host\":\"standby.example.com\",\"port\":3307}]');
CREATE TABLE `definition` (
  `pipeline_id` char(26) NOT NULL,
  `revision` int(10) unsigned NOT NULL,
  `body` longtext NOT NULL,
  `is_published` tinyint(4) NOT NULL,
  `is_removed` tinyint(4) NOT NULL,
  PRIMARY KEY (`pipeline_id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
INSERT INTO `definition` (`pipeline_id`, `revision`, `body`, `is_published`, `is_removed`) VALUES ('01M81Q4RPFRY48V4EGZZ8ARD65', 3, '{\"id\":\"01M81Q4RPFRY48V4EGZZ8ARD65\",\"name\":\"berlin-to-lisbon\",\"channelId\":\"01M81Q4RGXW6GCNH7XYBX89MFC\",\"revision\":3,\"source\":{\"id\":\"01M81Q4RHZV00GHQTKP6052VTD\",\"name\":\"s\",\"kind\":\"mysql\",\"host\":\"db.example.com\",\"port\":3306,\"user\":\"lutra\",\"password\":\"v1.M39fg8gpKEPxHA3B.q5RxQALTQA91pw.su9iaNlELgo6MRW_m2v_7g\",\"tls\":\"disabled\"},\"target\":{\"id\":\"01M81Q4RM59YXAFRQ6BQ6NKVAG\",\"name\":\"t\",\"kind\":\"mariadb\",\"host\":\"db.example.com\",\"port\":3306,\"standbys\":[{\"host\":\"standby.example.com\",\"port\":3307}],\"user\":\"lutra\",\"password\":\"v1.b2TmlYNJaVIqrg64.Lhsib1ASEpeRbQ.ueT3dzQJoFG16AZUCbQCug\",\"tls\":\"disabled\"},\"mappings\":[{\"id\":\"01M81Q4RT7W4A2T4TMJVJ8C2Y5\",\"source\":{\"schema\":\"shop\",\"table\":{\"exact\":\"orders\"}},\"target\":{\"schema\":\"copy\"},\"columns\":{\"mode\":\"all\"}},{\"id\":\"01M81Q4RYX7C8DVP8G0R7JBSXA\",\"source\":{\"schema\":\"shop\",\"table\":{\"regex\":\"stock_\\\\d+\"}},\"target\":{\"schema\":\"copy\"},\"columns\":{\"mode\":\"all\"}}],\"parameters\":{\"parallelism\":5,\"maxRows\":5000,\"maxBytes\":4194304,\"maxDelayMs\":20,\"loadBatchRows\":500,\"cursorMaxAgeMs\":5000,\"heartbeatMs\":1000,\"retryInPlaceMs\":30000,\"processAgeMaxMs\":60000,\"ddl\":\"sync\",\"ddlByKind\":{},\"ddlDecisions\":{},\"applyMode\":\"merged\",\"extractPlacement\":\"any\",\"transformPlacement\":\"any\",\"priority\":\"normal\",\"failoverMode\":\"balanced\",\"failback\":\"stay\",\"preferredSelect\":\"\",\"preferredLoad\":\"\",\"queueAgeMaxMs\":30000,\"stageAgeMaxMs\":30000,\"noProgressMaxMs\":60000,\"lanes\":2,\"loadTransactionRows\":20000,\"loadTransactionBytes\":8388608,\"commitTargetMs\":250,\"keepTransactions\":false,\"onPoison\":\"deadLetter\",\"poisonTries\":3,\"noPrimaryKey\":\"matchAllColumns\",\"missingColumn\":\"fail\",\"foreignKeys\":\"trust\",\"dryRun\":false,\"throttleRowsPerSecond\":0,\"targetRunningThreadsMax\":0,\"targetReplicaLagMaxMs\":0,\"targetHistoryListMax\":0},\"start\":{\"kind\":\"time\",\"time\":\"2026-11-21T10:00:00Z\"}}', 1, 0);
CREATE TABLE `installation` (
  `id` int(11) NOT NULL,
  `version` int(11) NOT NULL,
  PRIMARY KEY (`id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
INSERT INTO `installation` (`id`, `version`) VALUES (1, 1);
CREATE TABLE `mapping` (
  `id` char(26) NOT NULL,
  `version` int(10) unsigned NOT NULL,
  `created_at` datetime(3) NOT NULL,
  `updated_at` datetime(3) NOT NULL,
  `pipeline_id` char(26) NOT NULL,
  `source` longtext NOT NULL,
  `target` longtext NOT NULL,
  `columns` longtext NOT NULL,
  `on_conflict` longtext DEFAULT NULL,
  `weight` int(11) NOT NULL DEFAULT 0,
  PRIMARY KEY (`id`),
  KEY `mapping_pipeline` (`pipeline_id`),
  CONSTRAINT `mapping_pipeline` FOREIGN KEY (`pipeline_id`) REFERENCES `pipeline` (`id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
INSERT INTO `mapping` (`id`, `version`, `created_at`, `updated_at`, `pipeline_id`, `source`, `target`, `columns`, `on_conflict`, `weight`) VALUES ('01M81Q4RT7W4A2T4TMJVJ8C2Y5', 1, '2026-11-22 13:29:17.873', '2026-11-22 13:29:17.873', '01M81Q4RPFRY48V4EGZZ8ARD65', '{\"schema\":\"shop\",\"table\":{\"exact\":\"orders\"}}', '{\"schema\":\"copy\"}', '{\"mode\":\"all\"}', NULL, 0);
INSERT INTO `mapping` (`id`, `version`, `created_at`, `updated_at`, `pipeline_id`, `source`, `target`, `columns`, `on_conflict`, `weight`) VALUES ('01M81Q4RYX7C8DVP8G0R7JBSXA', 1, '2026-11-22 13:29:17.995', '2026-11-22 13:29:17.995', '01M81Q4RPFRY48V4EGZZ8ARD65', '{\"schema\":\"shop\",\"table\":{\"regex\":\"stock_\\\\d+\"}}', '{\"schema\":\"copy\"}', '{\"mode\":\"all\"}', NULL, 0);
CREATE TABLE `migration` (
  `id` int(11) NOT NULL AUTO_INCREMENT,
  `timestamp` bigint(20) NOT NULL,
  `name` varchar(255) NOT NULL,
  PRIMARY KEY (`id`)
) ENGINE=InnoDB AUTO_INCREMENT=7 DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;
INSERT INTO `migration` (`id`, `timestamp`, `name`) VALUES (1, '1795200000000', 'CreateTables1795200000000');
INSERT INTO `migration` (`id`, `timestamp`, `name`) VALUES (2, '1795300000000', 'AddStandbys1795300000000');
INSERT INTO `migration` (`id`, `timestamp`, `name`) VALUES (3, '1795400000000', 'AddCommands1795400000000');
INSERT INTO `migration` (`id`, `timestamp`, `name`) VALUES (4, '1795500000000', 'AddLoadPolicies1795500000000');
INSERT INTO `migration` (`id`, `timestamp`, `name`) VALUES (5, '1795600000000', 'AddLeftOutValues1795600000000');
INSERT INTO `migration` (`id`, `timestamp`, `name`) VALUES (6, '1795700000000', 'AddSkippedStatements1795700000000');
CREATE TABLE `pipeline` (
  `id` char(26) NOT NULL,
  `version` int(10) unsigned NOT NULL,
  `created_at` datetime(3) NOT NULL,
  `updated_at` datetime(3) NOT NULL,
  `channel_id` char(26) NOT NULL,
  `name` varchar(100) NOT NULL,
  `source_id` char(26) NOT NULL,
  `target_id` char(26) NOT NULL,
  `parameters` longtext NOT NULL,
  `start` longtext NOT NULL,
  `revision` int(10) unsigned NOT NULL,
  PRIMARY KEY (`id`),
  UNIQUE KEY `pipeline_name` (`name`),
  KEY `pipeline_channel` (`channel_id`),
  KEY `pipeline_source` (`source_id`),
  KEY `pipeline_target` (`target_id`),
  CONSTRAINT `pipeline_channel` FOREIGN KEY (`channel_id`) REFERENCES `channel` (`id`),
  CONSTRAINT `pipeline_source` FOREIGN KEY (`source_id`) REFERENCES `data_source` (`id`),
  CONSTRAINT `pipeline_target` FOREIGN KEY (`target_id`) REFERENCES `data_source` (`id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
INSERT INTO `pipeline` (`id`, `version`, `created_at`, `updated_at`, `channel_id`, `name`, `source_id`, `target_id`, `parameters`, `start`, `revision`) VALUES ('01M81Q4RPFRY48V4EGZZ8ARD65', 4, '2026-11-22 13:29:17.761', '2026-11-22 13:29:17.995', '01M81Q4RGXW6GCNH7XYBX89MFC', 'berlin-to-lisbon', '01M81Q4RHZV00GHQTKP6052VTD', '01M81Q4RM59YXAFRQ6BQ6NKVAG', '{\"lanes\":2,\"ddl\":\"sync\",\"onPoison\":\"deadLetter\"}', '{\"kind\":\"time\",\"time\":\"2026-11-21T10:00:00Z\"}', 3);
CREATE TABLE `statistic_minute` (
  `pipeline_id` char(26) NOT NULL,
  `minute` int(10) unsigned NOT NULL,
  `inserted` bigint(20) unsigned NOT NULL,
  `updated` bigint(20) unsigned NOT NULL,
  `deleted` bigint(20) unsigned NOT NULL,
  `skipped` bigint(20) unsigned NOT NULL,
  `conflicts` bigint(20) unsigned NOT NULL,
  `transactions` bigint(20) unsigned NOT NULL,
  `processes` bigint(20) unsigned NOT NULL,
  `source_bytes` bigint(20) unsigned NOT NULL,
  `failures` bigint(20) unsigned NOT NULL,
  `warnings` bigint(20) unsigned NOT NULL,
  `delay_ms_p50` double DEFAULT NULL,
  `delay_ms_p99` double DEFAULT NULL,
  `dead_letters` bigint(20) unsigned NOT NULL DEFAULT 0,
  `dead_letters_retried` bigint(20) unsigned NOT NULL DEFAULT 0,
  `dead_letters_discarded` bigint(20) unsigned NOT NULL DEFAULT 0,
  `dead_letter_retries_failed` bigint(20) unsigned NOT NULL DEFAULT 0,
  `dry_run_rows` bigint(20) unsigned NOT NULL DEFAULT 0,
  `values_left_out` bigint(20) unsigned NOT NULL DEFAULT 0,
  `statements_skipped` bigint(20) unsigned NOT NULL DEFAULT 0,
  PRIMARY KEY (`pipeline_id`,`minute`),
  KEY `statistic_minute_minute` (`minute`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
INSERT INTO `statistic_minute` (`pipeline_id`, `minute`, `inserted`, `updated`, `deleted`, `skipped`, `conflicts`, `transactions`, `processes`, `source_bytes`, `failures`, `warnings`, `delay_ms_p50`, `delay_ms_p99`, `dead_letters`, `dead_letters_retried`, `dead_letters_discarded`, `dead_letter_retries_failed`, `dry_run_rows`, `values_left_out`, `statements_skipped`) VALUES ('01M81Q4RPFRY48V4EGZZ8ARD65', 29922569, '3', '2', '1', '0', '0', '2', '1', '700', '0', '0', 0, 0, '0', '0', '0', '0', '0', '0', '0');
CREATE TABLE `statistic_state` (
  `pipeline_id` char(26) NOT NULL,
  `state` longtext NOT NULL,
  PRIMARY KEY (`pipeline_id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
INSERT INTO `statistic_state` (`pipeline_id`, `state`) VALUES ('01M81Q4RPFRY48V4EGZZ8ARD65', '{\"totals\":{\"inserted\":3,\"updated\":2,\"deleted\":1,\"skipped\":0,\"conflicts\":0,\"transactions\":2,\"processes\":1,\"sourceBytes\":700,\"failures\":0,\"warnings\":0,\"deadLetters\":0,\"deadLettersRetried\":0,\"deadLettersDiscarded\":0,\"deadLetterRetriesFailed\":0,\"dryRunRows\":0,\"valuesLeftOut\":0,\"statementsSkipped\":0},\"seconds\":[{\"slot\":1795354158,\"counts\":{\"inserted\":3,\"updated\":2,\"deleted\":1,\"skipped\":0,\"conflicts\":0,\"transactions\":2,\"processes\":1,\"sourceBytes\":700,\"failures\":0,\"warnings\":0,\"deadLetters\":0,\"deadLettersRetried\":0,\"deadLettersDiscarded\":0,\"deadLetterRetriesFailed\":0,\"dryRunRows\":0,\"valuesLeftOut\":0,\"statementsSkipped\":0},\"delays\":[[0,1]]}],\"minutes\":[{\"slot\":29922569,\"counts\":{\"inserted\":3,\"updated\":2,\"deleted\":1,\"skipped\":0,\"conflicts\":0,\"transactions\":2,\"processes\":1,\"sourceBytes\":700,\"failures\":0,\"warnings\":0,\"deadLetters\":0,\"deadLettersRetried\":0,\"deadLettersDiscarded\":0,\"deadLetterRetriesFailed\":0,\"dryRunRows\":0,\"valuesLeftOut\":0,\"statementsSkipped\":0},\"delays\":[[0,1]]}],\"counted\":[{\"epoch\":1,\"upTo\":1,\"beyond\":[]}],\"seen\":[],\"lastEventMs\":1795354158370}');
