SET FOREIGN_KEY_CHECKS = 0;
CREATE TABLE `alarm` (
  `id` char(26) NOT NULL,
  `version` int(10) unsigned NOT NULL,
  `open_key` varchar(191) DEFAULT NULL,
  `rule_id` char(26) NOT NULL,
  `rule_name` varchar(100) NOT NULL,
  `kind` varchar(32) NOT NULL,
  `severity` varchar(16) NOT NULL,
  `threshold` double NOT NULL,
  `subject_id` varchar(128) NOT NULL,
  `subject` varchar(255) NOT NULL,
  `pipeline_id` char(26) DEFAULT NULL,
  `state` varchar(16) NOT NULL,
  `since` datetime(3) NOT NULL,
  `fired_at` datetime(3) DEFAULT NULL,
  `told_at` datetime(3) DEFAULT NULL,
  `tellings` int(10) unsigned NOT NULL,
  `resolved_at` datetime(3) DEFAULT NULL,
  `current_value` double DEFAULT NULL,
  `message` varchar(1000) NOT NULL,
  `unknown_reason` varchar(1000) DEFAULT NULL,
  `acknowledged_by` varchar(100) DEFAULT NULL,
  `acknowledged_at` datetime(3) DEFAULT NULL,
  `comment` varchar(1000) DEFAULT NULL,
  `told_receiver_ids` longtext NOT NULL,
  `last_order` varchar(16) DEFAULT NULL,
  `fired_as` longtext DEFAULT NULL,
  PRIMARY KEY (`id`),
  UNIQUE KEY `alarm_open` (`open_key`),
  KEY `alarm_rule` (`rule_id`,`id`),
  KEY `alarm_pipeline` (`pipeline_id`,`id`),
  KEY `alarm_state` (`state`,`id`),
  KEY `alarm_resolved` (`resolved_at`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE TABLE `alarm_cycle` (
  `id` int(11) NOT NULL,
  `at` datetime(3) NOT NULL,
  `generation` int(10) unsigned NOT NULL DEFAULT 0,
  PRIMARY KEY (`id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
INSERT INTO `alarm_cycle` (`id`, `at`, `generation`) VALUES (1, '2026-11-22 20:36:36.660', 1);
CREATE TABLE `alarm_delivery` (
  `id` char(26) NOT NULL,
  `alarm_id` char(26) NOT NULL,
  `sequence` int(10) unsigned NOT NULL,
  `receiver_id` varchar(26) NOT NULL,
  `body` longtext NOT NULL,
  `state` varchar(16) NOT NULL,
  `attempts` int(10) unsigned NOT NULL,
  `created_at` datetime(3) NOT NULL,
  `next_attempt_at` datetime(3) NOT NULL,
  `sent_at` datetime(3) DEFAULT NULL,
  `failure` varchar(1000) NOT NULL,
  PRIMARY KEY (`id`),
  UNIQUE KEY `alarm_delivery_telling` (`alarm_id`,`receiver_id`,`sequence`),
  KEY `alarm_delivery_due` (`state`,`next_attempt_at`),
  KEY `alarm_delivery_receiver` (`receiver_id`,`state`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE TABLE `alarm_instance` (
  `instance` varchar(128) NOT NULL,
  `service` varchar(32) NOT NULL,
  `joined_ms` bigint(20) DEFAULT NULL,
  `lost_ms` bigint(20) DEFAULT NULL,
  PRIMARY KEY (`instance`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
INSERT INTO `alarm_instance` (`instance`, `service`, `joined_ms`, `lost_ms`) VALUES ('manager-1-1', 'manager', NULL, NULL);
CREATE TABLE `alarm_place` (
  `pipeline_id` char(26) NOT NULL,
  `place` char(64) NOT NULL,
  `moved_ms` bigint(20) NOT NULL,
  `last_commit_ms` bigint(20) DEFAULT NULL,
  PRIMARY KEY (`pipeline_id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE TABLE `alarm_rule` (
  `id` char(26) NOT NULL,
  `version` int(10) unsigned NOT NULL,
  `created_at` datetime(3) NOT NULL,
  `updated_at` datetime(3) NOT NULL,
  `name` varchar(100) NOT NULL,
  `kind` varchar(32) NOT NULL,
  `severity` varchar(16) NOT NULL,
  `is_enabled` tinyint(4) NOT NULL,
  `threshold` double NOT NULL,
  `keyword` varchar(200) DEFAULT NULL,
  `for_ms` int(10) unsigned NOT NULL,
  `repeat_ms` int(10) unsigned DEFAULT NULL,
  `pause_until` datetime(3) DEFAULT NULL,
  `scope` longtext DEFAULT NULL,
  `schedule` longtext DEFAULT NULL,
  `receiver_ids` longtext NOT NULL,
  `recovery` longtext DEFAULT NULL,
  PRIMARY KEY (`id`),
  UNIQUE KEY `alarm_rule_name` (`name`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
INSERT INTO `alarm_rule` (`id`, `version`, `created_at`, `updated_at`, `name`, `kind`, `severity`, `is_enabled`, `threshold`, `keyword`, `for_ms`, `repeat_ms`, `pause_until`, `scope`, `schedule`, `receiver_ids`, `recovery`) VALUES ('01M82FK3AFPHSYS5729DJ36582', 1, '2026-11-22 20:36:33.228', '2026-11-22 20:36:33.228', 'Delay', 'delay', 'important', 1, 60000, NULL, 60000, NULL, NULL, NULL, NULL, '[]', NULL);
INSERT INTO `alarm_rule` (`id`, `version`, `created_at`, `updated_at`, `name`, `kind`, `severity`, `is_enabled`, `threshold`, `keyword`, `for_ms`, `repeat_ms`, `pause_until`, `scope`, `schedule`, `receiver_ids`, `recovery`) VALUES ('01M82FK3AJ32B0KAN44QWCCJ3S', 1, '2026-11-22 20:36:33.228', '2026-11-22 20:36:33.228', 'No progress', 'noProgress', 'urgent', 1, 300000, NULL, 30000, NULL, NULL, NULL, NULL, '[]', NULL);
INSERT INTO `alarm_rule` (`id`, `version`, `created_at`, `updated_at`, `name`, `kind`, `severity`, `is_enabled`, `threshold`, `keyword`, `for_ms`, `repeat_ms`, `pause_until`, `scope`, `schedule`, `receiver_ids`, `recovery`) VALUES ('01M82FK3ANWTQB9K4Q9PKY2AKX', 1, '2026-11-22 20:36:33.228', '2026-11-22 20:36:33.228', 'Instance lost', 'instanceLost', 'important', 1, 30000, NULL, 0, NULL, NULL, NULL, NULL, '[]', NULL);
INSERT INTO `alarm_rule` (`id`, `version`, `created_at`, `updated_at`, `name`, `kind`, `severity`, `is_enabled`, `threshold`, `keyword`, `for_ms`, `repeat_ms`, `pause_until`, `scope`, `schedule`, `receiver_ids`, `recovery`) VALUES ('01M82FK3AR0QCSCKXQKY11HG4X', 1, '2026-11-22 20:36:33.228', '2026-11-22 20:36:33.228', 'Dead letters', 'deadLetters', 'important', 1, 1, NULL, 0, NULL, NULL, NULL, NULL, '[]', NULL);
INSERT INTO `alarm_rule` (`id`, `version`, `created_at`, `updated_at`, `name`, `kind`, `severity`, `is_enabled`, `threshold`, `keyword`, `for_ms`, `repeat_ms`, `pause_until`, `scope`, `schedule`, `receiver_ids`, `recovery`) VALUES ('01M82FK3AT1KW309A00PY1DTEN', 1, '2026-11-22 20:36:33.228', '2026-11-22 20:36:33.228', 'JetStream storage', 'disk', 'urgent', 1, 80, NULL, 30000, NULL, NULL, NULL, NULL, '[]', NULL);
INSERT INTO `alarm_rule` (`id`, `version`, `created_at`, `updated_at`, `name`, `kind`, `severity`, `is_enabled`, `threshold`, `keyword`, `for_ms`, `repeat_ms`, `pause_until`, `scope`, `schedule`, `receiver_ids`, `recovery`) VALUES ('01M82FK3AXX71X54JQM39FNBCA', 1, '2026-11-22 20:36:33.228', '2026-11-22 20:36:33.228', 'Binlog retention', 'binlogRetentionRisk', 'urgent', 1, 50, NULL, 0, NULL, NULL, NULL, NULL, '[]', NULL);
INSERT INTO `alarm_rule` (`id`, `version`, `created_at`, `updated_at`, `name`, `kind`, `severity`, `is_enabled`, `threshold`, `keyword`, `for_ms`, `repeat_ms`, `pause_until`, `scope`, `schedule`, `receiver_ids`, `recovery`) VALUES ('01M82FK45ZB5Y50V1QWTHK3CF1', 2, '2026-11-22 20:36:34.105', '2026-11-22 20:36:34.136', 'late', 'delay', 'important', 1, 60000, NULL, 0, NULL, NULL, '{\"pipelineIds\":[\"01M82FK3PX25WEY0KXA3TGY7BP\"],\"channelIds\":[]}', NULL, '[\"01M82FK45E9H2GJG2NBCJ1HEEN\"]', NULL);
CREATE TABLE `alarm_rule_fault` (
  `rule_id` char(26) NOT NULL,
  `since` datetime(3) NOT NULL,
  `problem` varchar(1000) NOT NULL,
  PRIMARY KEY (`rule_id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE TABLE `api_key` (
  `id` char(26) NOT NULL,
  `version` int(10) unsigned NOT NULL,
  `created_at` datetime(3) NOT NULL,
  `updated_at` datetime(3) NOT NULL,
  `name` varchar(100) NOT NULL,
  `prefix` varchar(16) DEFAULT NULL,
  `hash` char(64) NOT NULL,
  `role` varchar(16) NOT NULL,
  `channel_ids` longtext DEFAULT NULL,
  `expires_at` datetime(3) DEFAULT NULL,
  `last_used_at` datetime(3) DEFAULT NULL,
  PRIMARY KEY (`id`),
  UNIQUE KEY `api_key_name` (`name`),
  UNIQUE KEY `api_key_hash` (`hash`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
INSERT INTO `api_key` (`id`, `version`, `created_at`, `updated_at`, `name`, `prefix`, `hash`, `role`, `channel_ids`, `expires_at`, `last_used_at`) VALUES ('01M82FK3A0XTF1SWT69VZ4J1BT', 1, '2026-11-22 20:36:33.215', '2026-11-22 20:36:33.215', 'admin', 'lutra_rGQ4Bm', '4242f4ac15e7904cecbc260e8b6db3092131dd7ab1a87420cfb1a7da06566f48', 'admin', NULL, NULL, '2026-11-22 20:36:33.494');
INSERT INTO `api_key` (`id`, `version`, `created_at`, `updated_at`, `name`, `prefix`, `hash`, `role`, `channel_ids`, `expires_at`, `last_used_at`) VALUES ('01M82FK444SKBD3GGBNRAWNKA0', 1, '2026-11-22 20:36:34.052', '2026-11-22 20:36:34.052', 'ci', 'lutra_puInqP', '6e4dadf87228a49e46ed0fe2d376a135d585107cc0adc872ac433fc3c247effc', 'viewer', '[\"01M82FK3M3N5MHY7QVTC72MSW1\"]', NULL, NULL);
CREATE TABLE `audit_entry` (
  `id` char(26) NOT NULL,
  `at` datetime(3) NOT NULL,
  `who` varchar(100) NOT NULL,
  `action` varchar(16) NOT NULL,
  `resource` varchar(32) NOT NULL,
  `resource_id` varchar(128) NOT NULL,
  `before` longtext DEFAULT NULL,
  `after` longtext DEFAULT NULL,
  `number` bigint(20) unsigned NOT NULL,
  `who_id` char(26) DEFAULT NULL,
  `hash` char(64) NOT NULL,
  PRIMARY KEY (`id`),
  UNIQUE KEY `audit_entry_number` (`number`),
  KEY `audit_entry_at` (`at`),
  KEY `audit_entry_resource_number` (`resource_id`,`number`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
INSERT INTO `audit_entry` (`id`, `at`, `who`, `action`, `resource`, `resource_id`, `before`, `after`, `number`, `who_id`, `hash`) VALUES ('01M82FK3M8JCGA0AYPX6A5AB1F', '2026-11-22 20:36:33.533', 'admin', 'create', 'channel', '01M82FK3M3N5MHY7QVTC72MSW1', NULL, '{\"id\":\"01M82FK3M3N5MHY7QVTC72MSW1\",\"version\":1,\"createdAt\":\"2026-11-22T20:36:33.533Z\",\"updatedAt\":\"2026-11-22T20:36:33.533Z\",\"name\":\"shop\",\"description\":\"Ä–ö 漢\"}', '1', '01M82FK3A0XTF1SWT69VZ4J1BT', '6302e50b30b6f35724d73073d6bf45bdeae6e5030a87c6d35a58e6f96e68e6c1');
INSERT INTO `audit_entry` (`id`, `at`, `who`, `action`, `resource`, `resource_id`, `before`, `after`, `number`, `who_id`, `hash`) VALUES ('01M82FK3N3WW0N2V7ET6MRE0V5', '2026-11-22 20:36:33.555', 'admin', 'create', 'data-source', '01M82FK3MQX4SRKCP5SCAVZCA4', NULL, '{\"id\":\"01M82FK3MQX4SRKCP5SCAVZCA4\",\"version\":1,\"createdAt\":\"2026-11-22T20:36:33.555Z\",\"updatedAt\":\"2026-11-22T20:36:33.555Z\",\"name\":\"s\",\"kind\":\"mysql\",\"host\":\"db.example.com\",\"port\":3306,\"user\":\"lutra\",\"tls\":\"disabled\",\"standbys\":[],\"channelIds\":[]}', '2', '01M82FK3A0XTF1SWT69VZ4J1BT', '3100d9dac6005120d6726244b0efebfaa53884d3abaa27fa35f0c88d40f64427');
INSERT INTO `audit_entry` (`id`, `at`, `who`, `action`, `resource`, `resource_id`, `before`, `after`, `number`, `who_id`, `hash`) VALUES ('01M82FK3P4BR4TJ2G4WSZV3146', '2026-11-22 20:36:33.584', 'admin', 'create', 'data-source', '01M82FK3NNGC1ZN0YAMR3AR4FR', NULL, '{\"id\":\"01M82FK3NNGC1ZN0YAMR3AR4FR\",\"version\":1,\"createdAt\":\"2026-11-22T20:36:33.584Z\",\"updatedAt\":\"2026-11-22T20:36:33.584Z\",\"name\":\"t\",\"kind\":\"mariadb\",\"host\":\"db.example.com\",\"port\":3306,\"user\":\"lutra\",\"tls\":\"disabled\",\"standbys\":[{\"host\":\"standby.example.com\",\"port\":3307}],\"channelIds\":[]}', '3', '01M82FK3A0XTF1SWT69VZ4J1BT', 'e41de24c54bee0828da45f59bb1bf8d78f0e01bfe4ebea43528e32754a7d0c78');
INSERT INTO `audit_entry` (`id`, `at`, `who`, `action`, `resource`, `resource_id`, `before`, `after`, `number`, `who_id`, `hash`) VALUES ('01M82FK3QQZCV9XFB0B73KMQ3D', '2026-11-22 20:36:33.617', 'admin', 'create', 'pipeline', '01M82FK3PX25WEY0KXA3TGY7BP', NULL, '{\"id\":\"01M82FK3PX25WEY0KXA3TGY7BP\",\"version\":2,\"createdAt\":\"2026-11-22T20:36:33.617Z\",\"updatedAt\":\"2026-11-22T20:36:33.617Z\",\"channelId\":\"01M82FK3M3N5MHY7QVTC72MSW1\",\"name\":\"berlin-to-lisbon\",\"sourceId\":\"01M82FK3MQX4SRKCP5SCAVZCA4\",\"targetId\":\"01M82FK3NNGC1ZN0YAMR3AR4FR\",\"revision\":1,\"parameters\":{\"parallelism\":5,\"maxRows\":5000,\"maxBytes\":4194304,\"maxDelayMs\":20,\"loadBatchRows\":500,\"cursorMaxAgeMs\":5000,\"heartbeatMs\":1000,\"retryInPlaceMs\":30000,\"processAgeMaxMs\":60000,\"ddl\":\"sync\",\"ddlByKind\":{},\"ddlDecisions\":{},\"applyMode\":\"merged\",\"extractPlacement\":\"any\",\"transformPlacement\":\"any\",\"priority\":\"normal\",\"failoverMode\":\"balanced\",\"failback\":\"stay\",\"preferredSelect\":\"\",\"preferredLoad\":\"\",\"queueAgeMaxMs\":30000,\"stageAgeMaxMs\":30000,\"noProgressMaxMs\":60000,\"lanes\":2,\"loadTransactionRows\":20000,\"loadTransactionBytes\":8388608,\"commitTargetMs\":250,\"keepTransactions\":false,\"onPoison\":\"deadLetter\",\"poisonTries\":3,\"noPrimaryKey\":\"matchAllColumns\",\"missingColumn\":\"fail\",\"foreignKeys\":\"trust\",\"dryRun\":false,\"throttleRowsPerSecond\":0,\"targetRunningThreadsMax\":0,\"targetReplicaLagMaxMs\":0,\"targetHistoryListMax\":0},\"start\":{\"kind\":\"time\",\"time\":\"2026-11-21T10:00:00Z\"}}', '4', '01M82FK3A0XTF1SWT69VZ4J1BT', '25509f9a478d46555fb6776d090edfb4ae5702f1bfe38ea8e9d0f0695ef4af2e');
INSERT INTO `audit_entry` (`id`, `at`, `who`, `action`, `resource`, `resource_id`, `before`, `after`, `number`, `who_id`, `hash`) VALUES ('01M82FK3S5V4NAQVWX1TGGKQRP', '2026-11-22 20:36:33.670', 'admin', 'create', 'mapping', '01M82FK3RD2VPN2BVVSH1HPXAT', NULL, '{\"id\":\"01M82FK3RD2VPN2BVVSH1HPXAT\",\"version\":1,\"createdAt\":\"2026-11-22T20:36:33.670Z\",\"updatedAt\":\"2026-11-22T20:36:33.670Z\",\"pipelineId\":\"01M82FK3PX25WEY0KXA3TGY7BP\",\"source\":{\"schema\":\"shop\",\"table\":{\"exact\":\"orders\"}},\"target\":{\"schema\":\"copy\"},\"columns\":{\"mode\":\"all\"},\"onConflict\":{\"kind\":\"overwrite\"},\"weight\":0}', '5', '01M82FK3A0XTF1SWT69VZ4J1BT', '8de29ecb98b3abea352f83c14d0b6397c344376617f65629cf2736db885c923f');
INSERT INTO `audit_entry` (`id`, `at`, `who`, `action`, `resource`, `resource_id`, `before`, `after`, `number`, `who_id`, `hash`) VALUES ('01M82FK3TMTHSWP4DKDZGGF91B', '2026-11-22 20:36:33.710', 'admin', 'create', 'mapping', '01M82FK3SRC6HW7YBETQ8CCR6N', NULL, '{\"id\":\"01M82FK3SRC6HW7YBETQ8CCR6N\",\"version\":1,\"createdAt\":\"2026-11-22T20:36:33.710Z\",\"updatedAt\":\"2026-11-22T20:36:33.710Z\",\"pipelineId\":\"01M82FK3PX25WEY0KXA3TGY7BP\",\"source\":{\"schema\":\"shop\",\"table\":{\"regex\":\"stock_\\\\d+\"}},\"target\":{\"schema\":\"copy\"},\"columns\":{\"mode\":\"all\"},\"onConflict\":{\"kind\":\"overwrite\"},\"weight\":0}', '6', '01M82FK3A0XTF1SWT69VZ4J1BT', 'f33ec18364562cf8ec935733c9452b3359f914d471a904f4cff50076e0d6a5ad');
INSERT INTO `audit_entry` (`id`, `at`, `who`, `action`, `resource`, `resource_id`, `before`, `after`, `number`, `who_id`, `hash`) VALUES ('01M82FK3VPYYQ2MX902A7R7P23', '2026-11-22 20:36:33.778', 'admin', 'command', 'command', '01M82FK3VJJTR5DEA4GP4T6V75', NULL, '{\"kind\":\"START\",\"reason\":\"a dump\",\"isForced\":true,\"id\":\"01M82FK3VJJTR5DEA4GP4T6V75\",\"pipelineId\":\"01M82FK3PX25WEY0KXA3TGY7BP\",\"aboutEpoch\":null,\"author\":\"admin\",\"issuedAt\":\"2026-11-22T20:36:33.778Z\"}', '7', '01M82FK3A0XTF1SWT69VZ4J1BT', 'fc6cdfec9b6e9a2034398ca549d5ffe7e5e6330f2c96dbf39e2ad33bcb85af91');
INSERT INTO `audit_entry` (`id`, `at`, `who`, `action`, `resource`, `resource_id`, `before`, `after`, `number`, `who_id`, `hash`) VALUES ('01M82FK43QAKGAK71MF132DBNS', '2026-11-22 20:36:33.809', 'admin', 'create', 'user', '01M82FK43GNNMTFRJ85KNETFFM', NULL, '{\"id\":\"01M82FK43GNNMTFRJ85KNETFFM\",\"version\":1,\"createdAt\":\"2026-11-22T20:36:33.809Z\",\"updatedAt\":\"2026-11-22T20:36:33.809Z\",\"name\":\"anna\",\"role\":\"operator\",\"channelIds\":null}', '8', '01M82FK3A0XTF1SWT69VZ4J1BT', 'e608d3c945924af26c36d6b7d98c4ab05196373ac423884ffe1460d55380ca5f');
INSERT INTO `audit_entry` (`id`, `at`, `who`, `action`, `resource`, `resource_id`, `before`, `after`, `number`, `who_id`, `hash`) VALUES ('01M82FK447TZVF4ZMN7SKW4ZJZ', '2026-11-22 20:36:34.050', 'admin', 'create', 'api-key', '01M82FK444SKBD3GGBNRAWNKA0', NULL, '{\"id\":\"01M82FK444SKBD3GGBNRAWNKA0\",\"version\":1,\"createdAt\":\"2026-11-22T20:36:34.052Z\",\"updatedAt\":\"2026-11-22T20:36:34.052Z\",\"name\":\"ci\",\"prefix\":\"lutra_puInqP\",\"role\":\"viewer\",\"channelIds\":[\"01M82FK3M3N5MHY7QVTC72MSW1\"],\"expiresAt\":null,\"lastUsedAt\":null}', '9', '01M82FK3A0XTF1SWT69VZ4J1BT', 'd1a56a55451cb7256e5defa7c480207dfac6fab4b3d9e142925577f8a85b8d08');
INSERT INTO `audit_entry` (`id`, `at`, `who`, `action`, `resource`, `resource_id`, `before`, `after`, `number`, `who_id`, `hash`) VALUES ('01M82FK44YMQCQ5MEGW0SPCH0W', '2026-11-22 20:36:34.068', 'admin', 'update', 'system-parameters', 'system', '{\"id\":\"system\",\"version\":1,\"createdAt\":\"2026-11-22T20:36:33.075Z\",\"updatedAt\":\"2026-11-22T20:36:33.075Z\",\"pipelineDefaults\":{},\"logLevel\":null,\"revisionsMax\":1000,\"removalDays\":30,\"statistics1sMinutes\":60,\"statistics1mDays\":7,\"statistics1hDays\":90,\"statistics1dDays\":1830,\"processHours\":24,\"alarmDays\":90,\"sessionIdleMinutes\":30,\"sessionHours\":12}', '{\"id\":\"system\",\"version\":2,\"createdAt\":\"2026-11-22T20:36:33.075Z\",\"updatedAt\":\"2026-11-22T20:36:34.068Z\",\"pipelineDefaults\":{},\"logLevel\":\"debug\",\"revisionsMax\":1000,\"removalDays\":9,\"statistics1sMinutes\":60,\"statistics1mDays\":7,\"statistics1hDays\":90,\"statistics1dDays\":1830,\"processHours\":24,\"alarmDays\":90,\"sessionIdleMinutes\":30,\"sessionHours\":12}', '10', '01M82FK3A0XTF1SWT69VZ4J1BT', '52810b6cea5c95df2c3920f9758e1338e41404f5011aae26e92235677ab15145');
INSERT INTO `audit_entry` (`id`, `at`, `who`, `action`, `resource`, `resource_id`, `before`, `after`, `number`, `who_id`, `hash`) VALUES ('01M82FK45J5FB0QHYGPFPNEHYJ', '2026-11-22 20:36:34.093', 'admin', 'create', 'receiver', '01M82FK45E9H2GJG2NBCJ1HEEN', NULL, '{\"id\":\"01M82FK45E9H2GJG2NBCJ1HEEN\",\"version\":1,\"createdAt\":\"2026-11-22T20:36:34.093Z\",\"updatedAt\":\"2026-11-22T20:36:34.093Z\",\"name\":\"desk\",\"kind\":\"webhook\",\"enabled\":true,\"email\":null,\"http\":{\"origin\":\"https://hooks.example.com\",\"tlsCa\":null,\"template\":null,\"headerNames\":[],\"hasSecret\":false},\"state\":\"unused\",\"lastSentAt\":null,\"lastFailure\":null,\"failuresInRow\":0,\"waiting\":0,\"dropped\":0}', '11', '01M82FK3A0XTF1SWT69VZ4J1BT', '4be96a13554de0115ced847eaecd114b2085c3c1452a88e97460cb99fad31681');
INSERT INTO `audit_entry` (`id`, `at`, `who`, `action`, `resource`, `resource_id`, `before`, `after`, `number`, `who_id`, `hash`) VALUES ('01M82FK46BT59VKB0QS5QTEVVM', '2026-11-22 20:36:34.105', 'admin', 'create', 'alarm-rule', '01M82FK45ZB5Y50V1QWTHK3CF1', NULL, '{\"id\":\"01M82FK45ZB5Y50V1QWTHK3CF1\",\"version\":1,\"createdAt\":\"2026-11-22T20:36:34.105Z\",\"updatedAt\":\"2026-11-22T20:36:34.105Z\",\"name\":\"late\",\"kind\":\"delay\",\"severity\":\"important\",\"enabled\":true,\"threshold\":5000,\"unit\":\"ms\",\"keyword\":null,\"forMs\":0,\"repeatMs\":null,\"pauseUntil\":null,\"scope\":{\"pipelineIds\":[\"01M82FK3PX25WEY0KXA3TGY7BP\"],\"channelIds\":[]},\"schedule\":null,\"receiverIds\":[\"01M82FK45E9H2GJG2NBCJ1HEEN\"],\"recovery\":null,\"alarms\":{},\"state\":\"ok\",\"problem\":null}', '12', '01M82FK3A0XTF1SWT69VZ4J1BT', 'ce07c824fe030b19d21298bce63983761c2491840bd1b6f5dcee2ea50f622868');
INSERT INTO `audit_entry` (`id`, `at`, `who`, `action`, `resource`, `resource_id`, `before`, `after`, `number`, `who_id`, `hash`) VALUES ('01M82FK48ZC3CE52ZV2EMYCBTK', '2026-11-22 20:36:34.136', 'admin', 'update', 'alarm-rule', '01M82FK45ZB5Y50V1QWTHK3CF1', '{\"id\":\"01M82FK45ZB5Y50V1QWTHK3CF1\",\"version\":1,\"createdAt\":\"2026-11-22T20:36:34.105Z\",\"updatedAt\":\"2026-11-22T20:36:34.105Z\",\"name\":\"late\",\"kind\":\"delay\",\"severity\":\"important\",\"enabled\":true,\"threshold\":5000,\"unit\":\"ms\",\"keyword\":null,\"forMs\":0,\"repeatMs\":null,\"pauseUntil\":null,\"scope\":{\"pipelineIds\":[\"01M82FK3PX25WEY0KXA3TGY7BP\"],\"channelIds\":[]},\"schedule\":null,\"receiverIds\":[\"01M82FK45E9H2GJG2NBCJ1HEEN\"],\"recovery\":null,\"alarms\":{},\"state\":\"ok\",\"problem\":null}', '{\"id\":\"01M82FK45ZB5Y50V1QWTHK3CF1\",\"version\":2,\"createdAt\":\"2026-11-22T20:36:34.105Z\",\"updatedAt\":\"2026-11-22T20:36:34.136Z\",\"name\":\"late\",\"kind\":\"delay\",\"severity\":\"important\",\"enabled\":true,\"threshold\":60000,\"unit\":\"ms\",\"keyword\":null,\"forMs\":0,\"repeatMs\":null,\"pauseUntil\":null,\"scope\":{\"pipelineIds\":[\"01M82FK3PX25WEY0KXA3TGY7BP\"],\"channelIds\":[]},\"schedule\":null,\"receiverIds\":[\"01M82FK45E9H2GJG2NBCJ1HEEN\"],\"recovery\":null,\"alarms\":{},\"state\":\"ok\",\"problem\":null}', '13', '01M82FK3A0XTF1SWT69VZ4J1BT', '8c849a68309ba0e07ff89a012fde354b62a397dfb3cd39f523b8e843e4f63a5d');
INSERT INTO `audit_entry` (`id`, `at`, `who`, `action`, `resource`, `resource_id`, `before`, `after`, `number`, `who_id`, `hash`) VALUES ('01M82FK4A8C23Z7M55ASJ0GQTW', '2026-11-22 20:36:34.220', 'admin', 'update', 'pipeline', '01M82FK3PX25WEY0KXA3TGY7BP', '{\"id\":\"01M82FK3PX25WEY0KXA3TGY7BP\",\"version\":4,\"createdAt\":\"2026-11-22T20:36:33.617Z\",\"updatedAt\":\"2026-11-22T20:36:33.710Z\",\"channelId\":\"01M82FK3M3N5MHY7QVTC72MSW1\",\"name\":\"berlin-to-lisbon\",\"sourceId\":\"01M82FK3MQX4SRKCP5SCAVZCA4\",\"targetId\":\"01M82FK3NNGC1ZN0YAMR3AR4FR\",\"revision\":3,\"parameters\":{\"parallelism\":5,\"maxRows\":5000,\"maxBytes\":4194304,\"maxDelayMs\":20,\"loadBatchRows\":500,\"cursorMaxAgeMs\":5000,\"heartbeatMs\":1000,\"retryInPlaceMs\":30000,\"processAgeMaxMs\":60000,\"ddl\":\"sync\",\"ddlByKind\":{},\"ddlDecisions\":{},\"applyMode\":\"merged\",\"extractPlacement\":\"any\",\"transformPlacement\":\"any\",\"priority\":\"normal\",\"failoverMode\":\"balanced\",\"failback\":\"stay\",\"preferredSelect\":\"\",\"preferredLoad\":\"\",\"queueAgeMaxMs\":30000,\"stageAgeMaxMs\":30000,\"noProgressMaxMs\":60000,\"lanes\":2,\"loadTransactionRows\":20000,\"loadTransactionBytes\":8388608,\"commitTargetMs\":250,\"keepTransactions\":false,\"onPoison\":\"deadLetter\",\"poisonTries\":3,\"noPrimaryKey\":\"matchAllColumns\",\"missingColumn\":\"fail\",\"foreignKeys\":\"trust\",\"dryRun\":false,\"throttleRowsPerSecond\":0,\"targetRunningThreadsMax\":0,\"targetReplicaLagMaxMs\":0,\"targetHistoryListMax\":0},\"start\":{\"kind\":\"time\",\"time\":\"2026-11-21T10:00:00Z\"}}', '{\"id\":\"01M82FK3PX25WEY0KXA3TGY7BP\",\"version\":6,\"createdAt\":\"2026-11-22T20:36:33.617Z\",\"updatedAt\":\"2026-11-22T20:36:34.220Z\",\"channelId\":\"01M82FK3M3N5MHY7QVTC72MSW1\",\"name\":\"berlin-to-lisbon\",\"sourceId\":\"01M82FK3MQX4SRKCP5SCAVZCA4\",\"targetId\":\"01M82FK3NNGC1ZN0YAMR3AR4FR\",\"revision\":4,\"parameters\":{\"parallelism\":5,\"maxRows\":700,\"maxBytes\":4194304,\"maxDelayMs\":20,\"loadBatchRows\":500,\"cursorMaxAgeMs\":5000,\"heartbeatMs\":1000,\"retryInPlaceMs\":30000,\"processAgeMaxMs\":60000,\"ddl\":\"sync\",\"ddlByKind\":{},\"ddlDecisions\":{},\"applyMode\":\"merged\",\"extractPlacement\":\"any\",\"transformPlacement\":\"any\",\"priority\":\"normal\",\"failoverMode\":\"balanced\",\"failback\":\"stay\",\"preferredSelect\":\"\",\"preferredLoad\":\"\",\"queueAgeMaxMs\":30000,\"stageAgeMaxMs\":30000,\"noProgressMaxMs\":60000,\"lanes\":2,\"loadTransactionRows\":20000,\"loadTransactionBytes\":8388608,\"commitTargetMs\":250,\"keepTransactions\":false,\"onPoison\":\"deadLetter\",\"poisonTries\":3,\"noPrimaryKey\":\"matchAllColumns\",\"missingColumn\":\"fail\",\"foreignKeys\":\"trust\",\"dryRun\":false,\"throttleRowsPerSecond\":0,\"targetRunningThreadsMax\":0,\"targetReplicaLagMaxMs\":0,\"targetHistoryListMax\":0},\"start\":{\"kind\":\"time\",\"time\":\"2026-11-21T10:00:00Z\"}}', '14', '01M82FK3A0XTF1SWT69VZ4J1BT', '04327128dc8966ce94cf6fedbad05b0c321151a1f64f6241efdd89c5bc2aa451');
CREATE TABLE `audit_head` (
  `id` int(11) NOT NULL,
  `number` bigint(20) unsigned NOT NULL,
  `hash` char(64) NOT NULL,
  PRIMARY KEY (`id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
INSERT INTO `audit_head` (`id`, `number`, `hash`) VALUES (1, '14', '04327128dc8966ce94cf6fedbad05b0c321151a1f64f6241efdd89c5bc2aa451');
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
INSERT INTO `channel` (`id`, `version`, `created_at`, `updated_at`, `name`, `description`) VALUES ('01M82FK3M3N5MHY7QVTC72MSW1', 1, '2026-11-22 20:36:33.533', '2026-11-22 20:36:33.533', 'shop', 'Ä–ö 漢');
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
INSERT INTO `command` (`id`, `pipeline_id`, `kind`, `author`, `issued_at`, `body`, `whole`, `request_key`, `request_hash`, `is_sent`, `outcome`, `decided_at`) VALUES ('01M82FK3VJJTR5DEA4GP4T6V75', '01M82FK3PX25WEY0KXA3TGY7BP', 'START', 'admin', '2026-11-22 20:36:33.778', '{\"kind\":\"START\",\"reason\":\"a dump\",\"isForced\":true,\"id\":\"01M82FK3VJJTR5DEA4GP4T6V75\",\"pipelineId\":\"01M82FK3PX25WEY0KXA3TGY7BP\",\"aboutEpoch\":null,\"author\":\"admin\",\"issuedAt\":\"2026-11-22T20:36:33.778Z\"}', NULL, NULL, NULL, 1, NULL, NULL);
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
  `tls_cert` text DEFAULT NULL,
  `tls_key_sealed` text DEFAULT NULL,
  `service_name` varchar(128) DEFAULT NULL,
  `sid` varchar(128) DEFAULT NULL,
  `channel_ids` longtext DEFAULT NULL,
  PRIMARY KEY (`id`),
  UNIQUE KEY `data_source_name` (`name`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
INSERT INTO `data_source` (`id`, `version`, `created_at`, `updated_at`, `name`, `kind`, `host`, `port`, `user`, `password_sealed`, `tls`, `tls_ca`, `standbys`, `tls_cert`, `tls_key_sealed`, `service_name`, `sid`, `channel_ids`) VALUES ('01M82FK3MQX4SRKCP5SCAVZCA4', 1, '2026-11-22 20:36:33.555', '2026-11-22 20:36:33.555', 's', 'mysql', 'db.example.com', 3306, 'lutra', 'v1.vZM9XfRGD-pWnbK6.Q9fauj2khJcCRQ.wHK4Dpxckotv0bek0efsdA', 'disabled', NULL, '[]', NULL, NULL, NULL, NULL, NULL);
INSERT INTO `data_source` (`id`, `version`, `created_at`, `updated_at`, `name`, `kind`, `host`, `port`, `user`, `password_sealed`, `tls`, `tls_ca`, `standbys`, `tls_cert`, `tls_key_sealed`, `service_name`, `sid`, `channel_ids`) VALUES ('01M82FK3NNGC1ZN0YAMR3AR4FR', 1, '2026-11-22 20:36:33.584', '2026-11-22 20:36:33.584', 't', 'mariadb', 'db.example.com', 3306, 'lutra', 'v1.30U9_4GqkmM5oMhT.6IcbB0koTtj9hw.ypbQTqGwn9ARIFgepDSCcg', 'disabled', NULL, '[{\"host\":\"standby.example.com\",\"port\":3307}]', NULL, NULL, NULL, NULL, NULL);
CREATE TABLE `definition` (
  `pipeline_id` char(26) NOT NULL,
  `revision` int(10) unsigned NOT NULL,
  `body` longtext NOT NULL,
  `is_published` tinyint(4) NOT NULL,
  `is_removed` tinyint(4) NOT NULL,
  PRIMARY KEY (`pipeline_id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
INSERT INTO `definition` (`pipeline_id`, `revision`, `body`, `is_published`, `is_removed`) VALUES ('01M82FK3PX25WEY0KXA3TGY7BP', 4, '{\"id\":\"01M82FK3PX25WEY0KXA3TGY7BP\",\"name\":\"berlin-to-lisbon\",\"channelId\":\"01M82FK3M3N5MHY7QVTC72MSW1\",\"revision\":4,\"source\":{\"id\":\"01M82FK3MQX4SRKCP5SCAVZCA4\",\"name\":\"s\",\"kind\":\"mysql\",\"host\":\"db.example.com\",\"port\":3306,\"user\":\"lutra\",\"password\":\"v1.vZM9XfRGD-pWnbK6.Q9fauj2khJcCRQ.wHK4Dpxckotv0bek0efsdA\",\"tls\":\"disabled\"},\"target\":{\"id\":\"01M82FK3NNGC1ZN0YAMR3AR4FR\",\"name\":\"t\",\"kind\":\"mariadb\",\"host\":\"db.example.com\",\"port\":3306,\"standbys\":[{\"host\":\"standby.example.com\",\"port\":3307}],\"user\":\"lutra\",\"password\":\"v1.30U9_4GqkmM5oMhT.6IcbB0koTtj9hw.ypbQTqGwn9ARIFgepDSCcg\",\"tls\":\"disabled\"},\"mappings\":[{\"id\":\"01M82FK3RD2VPN2BVVSH1HPXAT\",\"source\":{\"schema\":\"shop\",\"table\":{\"exact\":\"orders\"}},\"target\":{\"schema\":\"copy\"},\"columns\":{\"mode\":\"all\"}},{\"id\":\"01M82FK3SRC6HW7YBETQ8CCR6N\",\"source\":{\"schema\":\"shop\",\"table\":{\"regex\":\"stock_\\\\d+\"}},\"target\":{\"schema\":\"copy\"},\"columns\":{\"mode\":\"all\"}}],\"parameters\":{\"parallelism\":5,\"maxRows\":700,\"maxBytes\":4194304,\"maxDelayMs\":20,\"loadBatchRows\":500,\"cursorMaxAgeMs\":5000,\"heartbeatMs\":1000,\"retryInPlaceMs\":30000,\"processAgeMaxMs\":60000,\"ddl\":\"sync\",\"ddlByKind\":{},\"ddlDecisions\":{},\"applyMode\":\"merged\",\"extractPlacement\":\"any\",\"transformPlacement\":\"any\",\"priority\":\"normal\",\"failoverMode\":\"balanced\",\"failback\":\"stay\",\"preferredSelect\":\"\",\"preferredLoad\":\"\",\"queueAgeMaxMs\":30000,\"stageAgeMaxMs\":30000,\"noProgressMaxMs\":60000,\"lanes\":2,\"loadTransactionRows\":20000,\"loadTransactionBytes\":8388608,\"commitTargetMs\":250,\"keepTransactions\":false,\"onPoison\":\"deadLetter\",\"poisonTries\":3,\"noPrimaryKey\":\"matchAllColumns\",\"missingColumn\":\"fail\",\"foreignKeys\":\"trust\",\"dryRun\":false,\"throttleRowsPerSecond\":0,\"targetRunningThreadsMax\":0,\"targetReplicaLagMaxMs\":0,\"targetHistoryListMax\":0},\"start\":{\"kind\":\"time\",\"time\":\"2026-11-21T10:00:00Z\"}}', 1, 0);
CREATE TABLE `installation` (
  `id` int(11) NOT NULL,
  `version` int(11) NOT NULL,
  PRIMARY KEY (`id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
INSERT INTO `installation` (`id`, `version`) VALUES (1, 1);
CREATE TABLE `login_attempt` (
  `id` char(64) NOT NULL,
  `count` int(10) unsigned NOT NULL,
  `ends_at` datetime(3) NOT NULL,
  PRIMARY KEY (`id`),
  KEY `login_attempt_ends_at` (`ends_at`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE TABLE `login_network` (
  `user_id` char(26) NOT NULL,
  `network` char(64) NOT NULL,
  `ends_at` datetime(3) NOT NULL,
  PRIMARY KEY (`user_id`,`network`),
  KEY `login_network_ends_at` (`ends_at`),
  CONSTRAINT `login_network_user` FOREIGN KEY (`user_id`) REFERENCES `user` (`id`) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
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
INSERT INTO `mapping` (`id`, `version`, `created_at`, `updated_at`, `pipeline_id`, `source`, `target`, `columns`, `on_conflict`, `weight`) VALUES ('01M82FK3RD2VPN2BVVSH1HPXAT', 1, '2026-11-22 20:36:33.670', '2026-11-22 20:36:33.670', '01M82FK3PX25WEY0KXA3TGY7BP', '{\"schema\":\"shop\",\"table\":{\"exact\":\"orders\"}}', '{\"schema\":\"copy\"}', '{\"mode\":\"all\"}', NULL, 0);
INSERT INTO `mapping` (`id`, `version`, `created_at`, `updated_at`, `pipeline_id`, `source`, `target`, `columns`, `on_conflict`, `weight`) VALUES ('01M82FK3SRC6HW7YBETQ8CCR6N', 1, '2026-11-22 20:36:33.710', '2026-11-22 20:36:33.710', '01M82FK3PX25WEY0KXA3TGY7BP', '{\"schema\":\"shop\",\"table\":{\"regex\":\"stock_\\\\d+\"}}', '{\"schema\":\"copy\"}', '{\"mode\":\"all\"}', NULL, 0);
CREATE TABLE `migration` (
  `id` int(11) NOT NULL AUTO_INCREMENT,
  `timestamp` bigint(20) NOT NULL,
  `name` varchar(255) NOT NULL,
  PRIMARY KEY (`id`)
) ENGINE=InnoDB AUTO_INCREMENT=27 DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;
INSERT INTO `migration` (`id`, `timestamp`, `name`) VALUES (1, '1795200000000', 'CreateTables1795200000000');
INSERT INTO `migration` (`id`, `timestamp`, `name`) VALUES (2, '1795300000000', 'AddStandbys1795300000000');
INSERT INTO `migration` (`id`, `timestamp`, `name`) VALUES (3, '1795400000000', 'AddCommands1795400000000');
INSERT INTO `migration` (`id`, `timestamp`, `name`) VALUES (4, '1795500000000', 'AddLoadPolicies1795500000000');
INSERT INTO `migration` (`id`, `timestamp`, `name`) VALUES (5, '1795600000000', 'AddLeftOutValues1795600000000');
INSERT INTO `migration` (`id`, `timestamp`, `name`) VALUES (6, '1795700000000', 'AddSkippedStatements1795700000000');
INSERT INTO `migration` (`id`, `timestamp`, `name`) VALUES (7, '1795800000000', 'AddApiKeys1795800000000');
INSERT INTO `migration` (`id`, `timestamp`, `name`) VALUES (8, '1795810000000', 'AddAuditChain1795810000000');
INSERT INTO `migration` (`id`, `timestamp`, `name`) VALUES (9, '1795820000000', 'AddUsers1795820000000');
INSERT INTO `migration` (`id`, `timestamp`, `name`) VALUES (10, '1795900000000', 'AddRollups1795900000000');
INSERT INTO `migration` (`id`, `timestamp`, `name`) VALUES (11, '1796000000000', 'AddAlarms1796000000000');
INSERT INTO `migration` (`id`, `timestamp`, `name`) VALUES (12, '1796100000000', 'AddClientCertificates1796100000000');
INSERT INTO `migration` (`id`, `timestamp`, `name`) VALUES (13, '1796110000000', 'AddOracleNames1796110000000');
INSERT INTO `migration` (`id`, `timestamp`, `name`) VALUES (14, '1796200000000', 'AddRevisions1796200000000');
INSERT INTO `migration` (`id`, `timestamp`, `name`) VALUES (15, '1796210000000', 'AddRemovals1796210000000');
INSERT INTO `migration` (`id`, `timestamp`, `name`) VALUES (16, '1796220000000', 'AddSystemParameters1796220000000');
INSERT INTO `migration` (`id`, `timestamp`, `name`) VALUES (17, '1796400000000', 'AddPreChecks1796400000000');
INSERT INTO `migration` (`id`, `timestamp`, `name`) VALUES (18, '1796500000000', 'AddSavedPositions1796500000000');
INSERT INTO `migration` (`id`, `timestamp`, `name`) VALUES (19, '1796510000000', 'AddSkips1796510000000');
INSERT INTO `migration` (`id`, `timestamp`, `name`) VALUES (20, '1796530000000', 'AddAuditOrder1796530000000');
INSERT INTO `migration` (`id`, `timestamp`, `name`) VALUES (21, '1796700000000', 'AddAlarmMemory1796700000000');
INSERT INTO `migration` (`id`, `timestamp`, `name`) VALUES (22, '1796710000000', 'AddRemovalChannels1796710000000');
INSERT INTO `migration` (`id`, `timestamp`, `name`) VALUES (23, '1796720000000', 'AddLoginNetworks1796720000000');
INSERT INTO `migration` (`id`, `timestamp`, `name`) VALUES (24, '1796730000000', 'AddDataSourceChannels1796730000000');
INSERT INTO `migration` (`id`, `timestamp`, `name`) VALUES (25, '1796800000000', 'AddStatisticHoles1796800000000');
INSERT INTO `migration` (`id`, `timestamp`, `name`) VALUES (26, '1796900000000', 'AddSettingRevisions1796900000000');
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
INSERT INTO `pipeline` (`id`, `version`, `created_at`, `updated_at`, `channel_id`, `name`, `source_id`, `target_id`, `parameters`, `start`, `revision`) VALUES ('01M82FK3PX25WEY0KXA3TGY7BP', 6, '2026-11-22 20:36:33.617', '2026-11-22 20:36:34.220', '01M82FK3M3N5MHY7QVTC72MSW1', 'berlin-to-lisbon', '01M82FK3MQX4SRKCP5SCAVZCA4', '01M82FK3NNGC1ZN0YAMR3AR4FR', '{\"lanes\":2,\"ddl\":\"sync\",\"onPoison\":\"deadLetter\",\"maxRows\":700}', '{\"kind\":\"time\",\"time\":\"2026-11-21T10:00:00Z\"}', 4);
CREATE TABLE `pre_check` (
  `pipeline_id` char(26) NOT NULL,
  `checked_at` datetime(3) NOT NULL,
  `revision` int(10) unsigned NOT NULL,
  `judgement` longtext NOT NULL,
  PRIMARY KEY (`pipeline_id`),
  CONSTRAINT `pre_check_pipeline` FOREIGN KEY (`pipeline_id`) REFERENCES `pipeline` (`id`) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE TABLE `process_history` (
  `pipeline_id` char(26) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  `epoch` int(10) unsigned NOT NULL,
  `process` bigint(20) unsigned NOT NULL,
  `loaded_ms` bigint(20) unsigned NOT NULL,
  `age_ms` int(10) unsigned NOT NULL,
  `body` mediumtext NOT NULL,
  PRIMARY KEY (`pipeline_id`,`epoch`,`process`),
  KEY `process_history_loaded` (`pipeline_id`,`loaded_ms`),
  KEY `process_history_age` (`pipeline_id`,`age_ms`,`loaded_ms`),
  KEY `process_history_time` (`loaded_ms`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
INSERT INTO `process_history` (`pipeline_id`, `epoch`, `process`, `loaded_ms`, `age_ms`, `body`) VALUES ('01M82FK3PX25WEY0KXA3TGY7BP', 1, '1', '1795379794276', 0, '{\"v\":1,\"kind\":\"loaded\",\"at\":\"2026-11-22T20:36:34.276Z\",\"who\":\"load-1\",\"pipelineId\":\"01M82FK3PX25WEY0KXA3TGY7BP\",\"epoch\":1,\"process\":1,\"traceId\":null,\"revision\":1,\"transactionCount\":2,\"inserted\":3,\"updated\":2,\"deleted\":1,\"skipped\":0,\"conflicts\":0,\"sourceBytes\":700,\"firstCommitMs\":1795379794276,\"lastCommitMs\":1795379794276,\"stages\":[]}');
CREATE TABLE `receiver` (
  `id` char(26) NOT NULL,
  `version` int(10) unsigned NOT NULL,
  `created_at` datetime(3) NOT NULL,
  `updated_at` datetime(3) NOT NULL,
  `name` varchar(100) NOT NULL,
  `kind` varchar(16) NOT NULL,
  `is_enabled` tinyint(4) NOT NULL,
  `email` longtext DEFAULT NULL,
  `http` longtext DEFAULT NULL,
  `secrets_sealed` mediumtext NOT NULL,
  PRIMARY KEY (`id`),
  UNIQUE KEY `receiver_name` (`name`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
INSERT INTO `receiver` (`id`, `version`, `created_at`, `updated_at`, `name`, `kind`, `is_enabled`, `email`, `http`, `secrets_sealed`) VALUES ('01M82FK45E9H2GJG2NBCJ1HEEN', 1, '2026-11-22 20:36:34.093', '2026-11-22 20:36:34.093', 'desk', 'webhook', 1, NULL, '{\"origin\":\"https://hooks.example.com\",\"tlsCa\":null,\"template\":null,\"headerNames\":[],\"hasSecret\":false}', 'v1.eCwo8YQLVDnkie8S.GlWoEXwBQRN-NO0I-G4YFE2T5bVuUjfWIz9mXbnKOBOHQDZVlPZOkAe62qsmlxnJmkOmtZVSt7JzIK0vApazRLUoQkGdIZRUcmGfKwBEqS0XXu-PeBSAUA.zZn4HAtrkWZvxO9tyYTQJg');
CREATE TABLE `receiver_state` (
  `receiver_id` char(26) NOT NULL,
  `last_sent_at` datetime(3) DEFAULT NULL,
  `last_failed_at` datetime(3) DEFAULT NULL,
  `failure_code` varchar(64) NOT NULL,
  `failure_detail` varchar(1000) NOT NULL,
  `failures_in_row` int(10) unsigned NOT NULL,
  PRIMARY KEY (`receiver_id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE TABLE `removal` (
  `pipeline_id` char(26) NOT NULL,
  `name` varchar(100) NOT NULL,
  `target` longtext DEFAULT NULL,
  `target_id` char(26) NOT NULL,
  `asked_at` datetime(3) NOT NULL,
  `asked_by` varchar(100) NOT NULL,
  `attempts` int(10) unsigned NOT NULL,
  `next_attempt_at` datetime(3) NOT NULL,
  `problem` longtext DEFAULT NULL,
  `done_at` datetime(3) DEFAULT NULL,
  `channel_id` char(26) DEFAULT NULL,
  PRIMARY KEY (`pipeline_id`),
  KEY `removal_asked_at` (`asked_at`),
  KEY `removal_due` (`done_at`,`next_attempt_at`),
  KEY `removal_channel` (`channel_id`,`asked_at`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE TABLE `revision` (
  `pipeline_id` char(26) NOT NULL,
  `number` int(10) unsigned NOT NULL,
  `at` datetime(3) NOT NULL,
  `author` varchar(100) NOT NULL,
  `comment` varchar(500) NOT NULL,
  `body` longtext NOT NULL,
  `settings` longtext NOT NULL,
  PRIMARY KEY (`pipeline_id`,`number`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
INSERT INTO `revision` (`pipeline_id`, `number`, `at`, `author`, `comment`, `body`, `settings`) VALUES ('01M82FK3PX25WEY0KXA3TGY7BP', 1, '2026-11-22 20:36:33.617', 'admin', '', '{\"id\":\"01M82FK3PX25WEY0KXA3TGY7BP\",\"name\":\"berlin-to-lisbon\",\"channelId\":\"01M82FK3M3N5MHY7QVTC72MSW1\",\"revision\":1,\"mappings\":[],\"parameters\":{\"parallelism\":5,\"maxRows\":5000,\"maxBytes\":4194304,\"maxDelayMs\":20,\"loadBatchRows\":500,\"cursorMaxAgeMs\":5000,\"heartbeatMs\":1000,\"retryInPlaceMs\":30000,\"processAgeMaxMs\":60000,\"ddl\":\"sync\",\"ddlByKind\":{},\"ddlDecisions\":{},\"applyMode\":\"merged\",\"extractPlacement\":\"any\",\"transformPlacement\":\"any\",\"priority\":\"normal\",\"failoverMode\":\"balanced\",\"failback\":\"stay\",\"preferredSelect\":\"\",\"preferredLoad\":\"\",\"queueAgeMaxMs\":30000,\"stageAgeMaxMs\":30000,\"noProgressMaxMs\":60000,\"lanes\":2,\"loadTransactionRows\":20000,\"loadTransactionBytes\":8388608,\"commitTargetMs\":250,\"keepTransactions\":false,\"onPoison\":\"deadLetter\",\"poisonTries\":3,\"noPrimaryKey\":\"matchAllColumns\",\"missingColumn\":\"fail\",\"foreignKeys\":\"trust\",\"dryRun\":false,\"throttleRowsPerSecond\":0,\"targetRunningThreadsMax\":0,\"targetReplicaLagMaxMs\":0,\"targetHistoryListMax\":0},\"start\":{\"kind\":\"time\",\"time\":\"2026-11-21T10:00:00Z\"},\"source\":{\"id\":\"01M82FK3MQX4SRKCP5SCAVZCA4\",\"name\":\"s\",\"kind\":\"mysql\",\"host\":\"db.example.com\",\"port\":3306,\"user\":\"lutra\",\"mark\":\"6150d14a020d3fd1\"},\"target\":{\"id\":\"01M82FK3NNGC1ZN0YAMR3AR4FR\",\"name\":\"t\",\"kind\":\"mariadb\",\"host\":\"db.example.com\",\"port\":3306,\"user\":\"lutra\",\"mark\":\"fe2c222c68fc0b39\"}}', '{\"parameters\":{\"lanes\":2,\"ddl\":\"sync\",\"onPoison\":\"deadLetter\"},\"mappings\":[]}');
INSERT INTO `revision` (`pipeline_id`, `number`, `at`, `author`, `comment`, `body`, `settings`) VALUES ('01M82FK3PX25WEY0KXA3TGY7BP', 2, '2026-11-22 20:36:33.670', 'admin', '', '{\"id\":\"01M82FK3PX25WEY0KXA3TGY7BP\",\"name\":\"berlin-to-lisbon\",\"channelId\":\"01M82FK3M3N5MHY7QVTC72MSW1\",\"revision\":2,\"mappings\":[{\"id\":\"01M82FK3RD2VPN2BVVSH1HPXAT\",\"source\":{\"schema\":\"shop\",\"table\":{\"exact\":\"orders\"}},\"target\":{\"schema\":\"copy\"},\"columns\":{\"mode\":\"all\"}}],\"parameters\":{\"parallelism\":5,\"maxRows\":5000,\"maxBytes\":4194304,\"maxDelayMs\":20,\"loadBatchRows\":500,\"cursorMaxAgeMs\":5000,\"heartbeatMs\":1000,\"retryInPlaceMs\":30000,\"processAgeMaxMs\":60000,\"ddl\":\"sync\",\"ddlByKind\":{},\"ddlDecisions\":{},\"applyMode\":\"merged\",\"extractPlacement\":\"any\",\"transformPlacement\":\"any\",\"priority\":\"normal\",\"failoverMode\":\"balanced\",\"failback\":\"stay\",\"preferredSelect\":\"\",\"preferredLoad\":\"\",\"queueAgeMaxMs\":30000,\"stageAgeMaxMs\":30000,\"noProgressMaxMs\":60000,\"lanes\":2,\"loadTransactionRows\":20000,\"loadTransactionBytes\":8388608,\"commitTargetMs\":250,\"keepTransactions\":false,\"onPoison\":\"deadLetter\",\"poisonTries\":3,\"noPrimaryKey\":\"matchAllColumns\",\"missingColumn\":\"fail\",\"foreignKeys\":\"trust\",\"dryRun\":false,\"throttleRowsPerSecond\":0,\"targetRunningThreadsMax\":0,\"targetReplicaLagMaxMs\":0,\"targetHistoryListMax\":0},\"start\":{\"kind\":\"time\",\"time\":\"2026-11-21T10:00:00Z\"},\"source\":{\"id\":\"01M82FK3MQX4SRKCP5SCAVZCA4\",\"name\":\"s\",\"kind\":\"mysql\",\"host\":\"db.example.com\",\"port\":3306,\"user\":\"lutra\",\"mark\":\"6150d14a020d3fd1\"},\"target\":{\"id\":\"01M82FK3NNGC1ZN0YAMR3AR4FR\",\"name\":\"t\",\"kind\":\"mariadb\",\"host\":\"db.example.com\",\"port\":3306,\"user\":\"lutra\",\"mark\":\"fe2c222c68fc0b39\"}}', '{\"parameters\":{\"lanes\":2,\"ddl\":\"sync\",\"onPoison\":\"deadLetter\"},\"mappings\":[{\"id\":\"01M82FK3RD2VPN2BVVSH1HPXAT\",\"source\":{\"schema\":\"shop\",\"table\":{\"exact\":\"orders\"}},\"target\":{\"schema\":\"copy\"},\"columns\":{\"mode\":\"all\"},\"onConflict\":null,\"weight\":0}]}');
INSERT INTO `revision` (`pipeline_id`, `number`, `at`, `author`, `comment`, `body`, `settings`) VALUES ('01M82FK3PX25WEY0KXA3TGY7BP', 3, '2026-11-22 20:36:33.710', 'admin', '', '{\"id\":\"01M82FK3PX25WEY0KXA3TGY7BP\",\"name\":\"berlin-to-lisbon\",\"channelId\":\"01M82FK3M3N5MHY7QVTC72MSW1\",\"revision\":3,\"mappings\":[{\"id\":\"01M82FK3RD2VPN2BVVSH1HPXAT\",\"source\":{\"schema\":\"shop\",\"table\":{\"exact\":\"orders\"}},\"target\":{\"schema\":\"copy\"},\"columns\":{\"mode\":\"all\"}},{\"id\":\"01M82FK3SRC6HW7YBETQ8CCR6N\",\"source\":{\"schema\":\"shop\",\"table\":{\"regex\":\"stock_\\\\d+\"}},\"target\":{\"schema\":\"copy\"},\"columns\":{\"mode\":\"all\"}}],\"parameters\":{\"parallelism\":5,\"maxRows\":5000,\"maxBytes\":4194304,\"maxDelayMs\":20,\"loadBatchRows\":500,\"cursorMaxAgeMs\":5000,\"heartbeatMs\":1000,\"retryInPlaceMs\":30000,\"processAgeMaxMs\":60000,\"ddl\":\"sync\",\"ddlByKind\":{},\"ddlDecisions\":{},\"applyMode\":\"merged\",\"extractPlacement\":\"any\",\"transformPlacement\":\"any\",\"priority\":\"normal\",\"failoverMode\":\"balanced\",\"failback\":\"stay\",\"preferredSelect\":\"\",\"preferredLoad\":\"\",\"queueAgeMaxMs\":30000,\"stageAgeMaxMs\":30000,\"noProgressMaxMs\":60000,\"lanes\":2,\"loadTransactionRows\":20000,\"loadTransactionBytes\":8388608,\"commitTargetMs\":250,\"keepTransactions\":false,\"onPoison\":\"deadLetter\",\"poisonTries\":3,\"noPrimaryKey\":\"matchAllColumns\",\"missingColumn\":\"fail\",\"foreignKeys\":\"trust\",\"dryRun\":false,\"throttleRowsPerSecond\":0,\"targetRunningThreadsMax\":0,\"targetReplicaLagMaxMs\":0,\"targetHistoryListMax\":0},\"start\":{\"kind\":\"time\",\"time\":\"2026-11-21T10:00:00Z\"},\"source\":{\"id\":\"01M82FK3MQX4SRKCP5SCAVZCA4\",\"name\":\"s\",\"kind\":\"mysql\",\"host\":\"db.example.com\",\"port\":3306,\"user\":\"lutra\",\"mark\":\"6150d14a020d3fd1\"},\"target\":{\"id\":\"01M82FK3NNGC1ZN0YAMR3AR4FR\",\"name\":\"t\",\"kind\":\"mariadb\",\"host\":\"db.example.com\",\"port\":3306,\"user\":\"lutra\",\"mark\":\"fe2c222c68fc0b39\"}}', '{\"parameters\":{\"lanes\":2,\"ddl\":\"sync\",\"onPoison\":\"deadLetter\"},\"mappings\":[{\"id\":\"01M82FK3RD2VPN2BVVSH1HPXAT\",\"source\":{\"schema\":\"shop\",\"table\":{\"exact\":\"orders\"}},\"target\":{\"schema\":\"copy\"},\"columns\":{\"mode\":\"all\"},\"onConflict\":null,\"weight\":0},{\"id\":\"01M82FK3SRC6HW7YBETQ8CCR6N\",\"source\":{\"schema\":\"shop\",\"table\":{\"regex\":\"stock_\\\\d+\"}},\"target\":{\"schema\":\"copy\"},\"columns\":{\"mode\":\"all\"},\"onConflict\":null,\"weight\":0}]}');
INSERT INTO `revision` (`pipeline_id`, `number`, `at`, `author`, `comment`, `body`, `settings`) VALUES ('01M82FK3PX25WEY0KXA3TGY7BP', 4, '2026-11-22 20:36:34.220', 'admin', '', '{\"id\":\"01M82FK3PX25WEY0KXA3TGY7BP\",\"name\":\"berlin-to-lisbon\",\"channelId\":\"01M82FK3M3N5MHY7QVTC72MSW1\",\"revision\":4,\"mappings\":[{\"id\":\"01M82FK3RD2VPN2BVVSH1HPXAT\",\"source\":{\"schema\":\"shop\",\"table\":{\"exact\":\"orders\"}},\"target\":{\"schema\":\"copy\"},\"columns\":{\"mode\":\"all\"}},{\"id\":\"01M82FK3SRC6HW7YBETQ8CCR6N\",\"source\":{\"schema\":\"shop\",\"table\":{\"regex\":\"stock_\\\\d+\"}},\"target\":{\"schema\":\"copy\"},\"columns\":{\"mode\":\"all\"}}],\"parameters\":{\"parallelism\":5,\"maxRows\":700,\"maxBytes\":4194304,\"maxDelayMs\":20,\"loadBatchRows\":500,\"cursorMaxAgeMs\":5000,\"heartbeatMs\":1000,\"retryInPlaceMs\":30000,\"processAgeMaxMs\":60000,\"ddl\":\"sync\",\"ddlByKind\":{},\"ddlDecisions\":{},\"applyMode\":\"merged\",\"extractPlacement\":\"any\",\"transformPlacement\":\"any\",\"priority\":\"normal\",\"failoverMode\":\"balanced\",\"failback\":\"stay\",\"preferredSelect\":\"\",\"preferredLoad\":\"\",\"queueAgeMaxMs\":30000,\"stageAgeMaxMs\":30000,\"noProgressMaxMs\":60000,\"lanes\":2,\"loadTransactionRows\":20000,\"loadTransactionBytes\":8388608,\"commitTargetMs\":250,\"keepTransactions\":false,\"onPoison\":\"deadLetter\",\"poisonTries\":3,\"noPrimaryKey\":\"matchAllColumns\",\"missingColumn\":\"fail\",\"foreignKeys\":\"trust\",\"dryRun\":false,\"throttleRowsPerSecond\":0,\"targetRunningThreadsMax\":0,\"targetReplicaLagMaxMs\":0,\"targetHistoryListMax\":0},\"start\":{\"kind\":\"time\",\"time\":\"2026-11-21T10:00:00Z\"},\"source\":{\"id\":\"01M82FK3MQX4SRKCP5SCAVZCA4\",\"name\":\"s\",\"kind\":\"mysql\",\"host\":\"db.example.com\",\"port\":3306,\"user\":\"lutra\",\"mark\":\"6150d14a020d3fd1\"},\"target\":{\"id\":\"01M82FK3NNGC1ZN0YAMR3AR4FR\",\"name\":\"t\",\"kind\":\"mariadb\",\"host\":\"db.example.com\",\"port\":3306,\"user\":\"lutra\",\"mark\":\"fe2c222c68fc0b39\"}}', '{\"parameters\":{\"lanes\":2,\"ddl\":\"sync\",\"onPoison\":\"deadLetter\",\"maxRows\":700},\"mappings\":[{\"id\":\"01M82FK3RD2VPN2BVVSH1HPXAT\",\"source\":{\"schema\":\"shop\",\"table\":{\"exact\":\"orders\"}},\"target\":{\"schema\":\"copy\"},\"columns\":{\"mode\":\"all\"},\"onConflict\":null,\"weight\":0},{\"id\":\"01M82FK3SRC6HW7YBETQ8CCR6N\",\"source\":{\"schema\":\"shop\",\"table\":{\"regex\":\"stock_\\\\d+\"}},\"target\":{\"schema\":\"copy\"},\"columns\":{\"mode\":\"all\"},\"onConflict\":null,\"weight\":0}]}');
CREATE TABLE `saved_position` (
  `pipeline_id` char(26) NOT NULL,
  `at` datetime(3) NOT NULL,
  `kind` varchar(16) NOT NULL,
  `epoch` bigint(20) unsigned NOT NULL,
  `place` longtext NOT NULL,
  `author` varchar(100) NOT NULL,
  `reason` varchar(500) NOT NULL,
  PRIMARY KEY (`pipeline_id`,`at`),
  KEY `saved_position_at` (`at`),
  CONSTRAINT `saved_position_pipeline` FOREIGN KEY (`pipeline_id`) REFERENCES `pipeline` (`id`) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE TABLE `session` (
  `id` char(26) NOT NULL,
  `user_id` char(26) NOT NULL,
  `last_used_at` datetime(3) NOT NULL,
  `ends_at` datetime(3) NOT NULL,
  PRIMARY KEY (`id`),
  KEY `session_ends_at` (`ends_at`),
  KEY `session_last_used_at` (`last_used_at`),
  KEY `session_user` (`user_id`),
  CONSTRAINT `session_user` FOREIGN KEY (`user_id`) REFERENCES `user` (`id`) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE TABLE `session_token` (
  `hash` char(64) NOT NULL,
  `session_id` char(26) NOT NULL,
  `is_current` tinyint(4) NOT NULL,
  PRIMARY KEY (`hash`),
  KEY `session_token_session` (`session_id`),
  CONSTRAINT `session_token_session` FOREIGN KEY (`session_id`) REFERENCES `session` (`id`) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE TABLE `setting_revision` (
  `resource` varchar(32) NOT NULL,
  `resource_id` varchar(26) NOT NULL,
  `number` int(10) unsigned NOT NULL,
  `at` datetime(3) NOT NULL,
  `author` varchar(100) NOT NULL,
  `comment` varchar(500) NOT NULL,
  `settings` longtext NOT NULL,
  PRIMARY KEY (`resource`,`resource_id`,`number`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
INSERT INTO `setting_revision` (`resource`, `resource_id`, `number`, `at`, `author`, `comment`, `settings`) VALUES ('alarm-rule', '01M82FK45ZB5Y50V1QWTHK3CF1', 1, '2026-11-22 20:36:34.105', 'admin', '', '{\"name\":\"late\",\"severity\":\"important\",\"enabled\":true,\"threshold\":5000,\"keyword\":null,\"forMs\":0,\"repeatMs\":null,\"scope\":{\"pipelineIds\":[\"01M82FK3PX25WEY0KXA3TGY7BP\"],\"channelIds\":[]},\"schedule\":null,\"receiverIds\":[\"01M82FK45E9H2GJG2NBCJ1HEEN\"],\"recovery\":null}');
INSERT INTO `setting_revision` (`resource`, `resource_id`, `number`, `at`, `author`, `comment`, `settings`) VALUES ('alarm-rule', '01M82FK45ZB5Y50V1QWTHK3CF1', 2, '2026-11-22 20:36:34.136', 'admin', 'quiet', '{\"name\":\"late\",\"severity\":\"important\",\"enabled\":true,\"threshold\":60000,\"keyword\":null,\"forMs\":0,\"repeatMs\":null,\"scope\":{\"pipelineIds\":[\"01M82FK3PX25WEY0KXA3TGY7BP\"],\"channelIds\":[]},\"schedule\":null,\"receiverIds\":[\"01M82FK45E9H2GJG2NBCJ1HEEN\"],\"recovery\":null}');
INSERT INTO `setting_revision` (`resource`, `resource_id`, `number`, `at`, `author`, `comment`, `settings`) VALUES ('system-parameters', 'system', 1, '2026-11-22 20:36:33.075', '', '', '{}');
INSERT INTO `setting_revision` (`resource`, `resource_id`, `number`, `at`, `author`, `comment`, `settings`) VALUES ('system-parameters', 'system', 2, '2026-11-22 20:36:34.068', 'admin', '', '{\"logLevel\":\"debug\",\"removalDays\":9}');
CREATE TABLE `skip` (
  `id` char(26) NOT NULL,
  `pipeline_id` char(26) NOT NULL,
  `gtid` varchar(128) NOT NULL,
  `event` int(10) unsigned DEFAULT NULL,
  `row_in_event` int(10) unsigned DEFAULT NULL,
  `hash` char(64) NOT NULL,
  `reason` varchar(500) NOT NULL,
  `author` varchar(100) NOT NULL,
  `at` datetime(3) NOT NULL,
  PRIMARY KEY (`id`),
  KEY `skip_pipeline` (`pipeline_id`,`id`),
  CONSTRAINT `skip_pipeline` FOREIGN KEY (`pipeline_id`) REFERENCES `pipeline` (`id`) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE TABLE `statistic_1d` (
  `scope` char(26) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  `slot` int(10) unsigned NOT NULL,
  `body` text NOT NULL,
  PRIMARY KEY (`scope`,`slot`),
  KEY `statistic_1d_slot` (`slot`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
INSERT INTO `statistic_1d` (`scope`, `slot`, `body`) VALUES ('01M82FK3M3N5MHY7QVTC72MSW1', 20779, '{\"counts\":{\"inserted\":3,\"updated\":2,\"deleted\":1,\"transactions\":2,\"processes\":1,\"sourceBytes\":700},\"delays\":[[0,1]],\"delayMsMax\":0,\"stages\":{}}');
INSERT INTO `statistic_1d` (`scope`, `slot`, `body`) VALUES ('01M82FK3PX25WEY0KXA3TGY7BP', 20779, '{\"counts\":{\"inserted\":3,\"updated\":2,\"deleted\":1,\"transactions\":2,\"processes\":1,\"sourceBytes\":700},\"delays\":[[0,1]],\"delayMsMax\":0,\"stages\":{}}');
INSERT INTO `statistic_1d` (`scope`, `slot`, `body`) VALUES ('installation', 20779, '{\"counts\":{\"inserted\":3,\"updated\":2,\"deleted\":1,\"transactions\":2,\"processes\":1,\"sourceBytes\":700},\"delays\":[[0,1]],\"delayMsMax\":0,\"stages\":{}}');
CREATE TABLE `statistic_1h` (
  `scope` char(26) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  `slot` int(10) unsigned NOT NULL,
  `body` text NOT NULL,
  PRIMARY KEY (`scope`,`slot`),
  KEY `statistic_1h_slot` (`slot`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
INSERT INTO `statistic_1h` (`scope`, `slot`, `body`) VALUES ('01M82FK3M3N5MHY7QVTC72MSW1', 498716, '{\"counts\":{\"inserted\":3,\"updated\":2,\"deleted\":1,\"transactions\":2,\"processes\":1,\"sourceBytes\":700},\"delays\":[[0,1]],\"delayMsMax\":0,\"stages\":{}}');
INSERT INTO `statistic_1h` (`scope`, `slot`, `body`) VALUES ('01M82FK3PX25WEY0KXA3TGY7BP', 498716, '{\"counts\":{\"inserted\":3,\"updated\":2,\"deleted\":1,\"transactions\":2,\"processes\":1,\"sourceBytes\":700},\"delays\":[[0,1]],\"delayMsMax\":0,\"stages\":{}}');
INSERT INTO `statistic_1h` (`scope`, `slot`, `body`) VALUES ('installation', 498716, '{\"counts\":{\"inserted\":3,\"updated\":2,\"deleted\":1,\"transactions\":2,\"processes\":1,\"sourceBytes\":700},\"delays\":[[0,1]],\"delayMsMax\":0,\"stages\":{}}');
CREATE TABLE `statistic_1m` (
  `scope` char(26) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  `slot` int(10) unsigned NOT NULL,
  `body` text NOT NULL,
  PRIMARY KEY (`scope`,`slot`),
  KEY `statistic_1m_slot` (`slot`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
INSERT INTO `statistic_1m` (`scope`, `slot`, `body`) VALUES ('01M82FK3M3N5MHY7QVTC72MSW1', 29922996, '{\"counts\":{\"inserted\":3,\"updated\":2,\"deleted\":1,\"transactions\":2,\"processes\":1,\"sourceBytes\":700},\"delays\":[[0,1]],\"delayMsMax\":0,\"stages\":{}}');
INSERT INTO `statistic_1m` (`scope`, `slot`, `body`) VALUES ('01M82FK3PX25WEY0KXA3TGY7BP', 29922996, '{\"counts\":{\"inserted\":3,\"updated\":2,\"deleted\":1,\"transactions\":2,\"processes\":1,\"sourceBytes\":700},\"delays\":[[0,1]],\"delayMsMax\":0,\"stages\":{}}');
INSERT INTO `statistic_1m` (`scope`, `slot`, `body`) VALUES ('installation', 29922996, '{\"counts\":{\"inserted\":3,\"updated\":2,\"deleted\":1,\"transactions\":2,\"processes\":1,\"sourceBytes\":700},\"delays\":[[0,1]],\"delayMsMax\":0,\"stages\":{}}');
CREATE TABLE `statistic_1s` (
  `scope` char(26) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  `slot` int(10) unsigned NOT NULL,
  `body` text NOT NULL,
  PRIMARY KEY (`scope`,`slot`),
  KEY `statistic_1s_slot` (`slot`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
INSERT INTO `statistic_1s` (`scope`, `slot`, `body`) VALUES ('01M82FK3M3N5MHY7QVTC72MSW1', 1795379794, '{\"counts\":{\"inserted\":3,\"updated\":2,\"deleted\":1,\"transactions\":2,\"processes\":1,\"sourceBytes\":700},\"delays\":[[0,1]],\"delayMsMax\":0,\"stages\":{}}');
INSERT INTO `statistic_1s` (`scope`, `slot`, `body`) VALUES ('01M82FK3PX25WEY0KXA3TGY7BP', 1795379794, '{\"counts\":{\"inserted\":3,\"updated\":2,\"deleted\":1,\"transactions\":2,\"processes\":1,\"sourceBytes\":700},\"delays\":[[0,1]],\"delayMsMax\":0,\"stages\":{}}');
INSERT INTO `statistic_1s` (`scope`, `slot`, `body`) VALUES ('installation', 1795379794, '{\"counts\":{\"inserted\":3,\"updated\":2,\"deleted\":1,\"transactions\":2,\"processes\":1,\"sourceBytes\":700},\"delays\":[[0,1]],\"delayMsMax\":0,\"stages\":{}}');
CREATE TABLE `statistic_hole` (
  `from_ms` bigint(20) unsigned NOT NULL,
  `to_ms` bigint(20) unsigned NOT NULL,
  PRIMARY KEY (`from_ms`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE TABLE `statistic_place` (
  `id` int(11) NOT NULL,
  `log` varchar(64) NOT NULL,
  `sequence` bigint(20) unsigned NOT NULL,
  PRIMARY KEY (`id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
INSERT INTO `statistic_place` (`id`, `log`, `sequence`) VALUES (1, '2026-11-22T20:36:32.356095261Z', '2');
CREATE TABLE `statistic_state` (
  `pipeline_id` char(26) NOT NULL,
  `state` longtext NOT NULL,
  PRIMARY KEY (`pipeline_id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
INSERT INTO `statistic_state` (`pipeline_id`, `state`) VALUES ('01M82FK3PX25WEY0KXA3TGY7BP', '{\"totals\":{\"inserted\":3,\"updated\":2,\"deleted\":1,\"skipped\":0,\"conflicts\":0,\"transactions\":2,\"processes\":1,\"sourceBytes\":700,\"failures\":0,\"warnings\":0,\"deadLetters\":0,\"deadLettersRetried\":0,\"deadLettersDiscarded\":0,\"deadLetterRetriesFailed\":0,\"dryRunRows\":0,\"valuesLeftOut\":0,\"statementsSkipped\":0},\"seconds\":[],\"counted\":[{\"epoch\":1,\"upTo\":1,\"beyond\":[]}],\"seen\":[],\"lastEventMs\":1795379794276,\"lastLoadedMs\":1795379794276}');
CREATE TABLE `statistic_table_1d` (
  `scope` char(26) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  `slot` int(10) unsigned NOT NULL,
  `body` mediumtext NOT NULL,
  PRIMARY KEY (`scope`,`slot`),
  KEY `statistic_table_1d_slot` (`slot`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE TABLE `statistic_table_1h` (
  `scope` char(26) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  `slot` int(10) unsigned NOT NULL,
  `body` mediumtext NOT NULL,
  PRIMARY KEY (`scope`,`slot`),
  KEY `statistic_table_1h_slot` (`slot`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE TABLE `statistic_table_1m` (
  `scope` char(26) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  `slot` int(10) unsigned NOT NULL,
  `body` mediumtext NOT NULL,
  PRIMARY KEY (`scope`,`slot`),
  KEY `statistic_table_1m_slot` (`slot`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE TABLE `system_parameters` (
  `id` char(26) NOT NULL,
  `version` int(10) unsigned NOT NULL,
  `created_at` datetime(3) NOT NULL,
  `updated_at` datetime(3) NOT NULL,
  `set_values` longtext NOT NULL,
  PRIMARY KEY (`id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
INSERT INTO `system_parameters` (`id`, `version`, `created_at`, `updated_at`, `set_values`) VALUES ('system', 2, '2026-11-22 20:36:33.075', '2026-11-22 20:36:34.068', '{\"logLevel\":\"debug\",\"removalDays\":9}');
CREATE TABLE `user` (
  `id` char(26) NOT NULL,
  `version` int(10) unsigned NOT NULL,
  `created_at` datetime(3) NOT NULL,
  `updated_at` datetime(3) NOT NULL,
  `name` varchar(100) NOT NULL,
  `role` varchar(16) NOT NULL,
  `channel_ids` longtext DEFAULT NULL,
  `password_hash` varchar(255) NOT NULL,
  PRIMARY KEY (`id`),
  UNIQUE KEY `user_name` (`name`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
INSERT INTO `user` (`id`, `version`, `created_at`, `updated_at`, `name`, `role`, `channel_ids`, `password_hash`) VALUES ('01M82FK43GNNMTFRJ85KNETFFM', 1, '2026-11-22 20:36:33.809', '2026-11-22 20:36:33.809', 'anna', 'operator', NULL, 'scrypt$32768$8$3$TFAtNQL5-Mu_QXFJWQqqrg$055Qoz93ke7k-_Ok0xsnZnwD5T8EY3VFaAMELj5tR8o');
