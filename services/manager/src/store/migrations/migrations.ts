import { AddAlarmMemory1796700000000 } from './add-alarm-memory-1796700000000.ts';
import { AddAlarms1796000000000 } from './add-alarms-1796000000000.ts';
import { AddApiKeys1795800000000 } from './add-api-keys-1795800000000.ts';
import { AddAuditChain1795810000000 } from './add-audit-chain-1795810000000.ts';
import { AddAuditOrder1796530000000 } from './add-audit-order-1796530000000.ts';
import { AddClientCertificates1796100000000 } from './add-client-certificates-1796100000000.ts';
import { AddCommands1795400000000 } from './add-commands-1795400000000.ts';
import { AddDataSourceChannels1796730000000 } from './add-data-source-channels-1796730000000.ts';
import { AddGroupChecks1797310000000 } from './add-group-checks-1797310000000.ts';
import { AddLeftOutValues1795600000000 } from './add-left-out-values-1795600000000.ts';
import { AddLoadPolicies1795500000000 } from './add-load-policies-1795500000000.ts';
import { AddLoginNetworks1796720000000 } from './add-login-networks-1796720000000.ts';
import { AddMappingRules1797000000000 } from './add-mapping-rules-1797000000000.ts';
import { AddOracleNames1796110000000 } from './add-oracle-names-1796110000000.ts';
import { AddPreChecks1796400000000 } from './add-pre-checks-1796400000000.ts';
import { AddRemovalChannels1796710000000 } from './add-removal-channels-1796710000000.ts';
import { AddRemovals1796210000000 } from './add-removals-1796210000000.ts';
import { AddResyncs1797300000000 } from './add-resyncs-1797300000000.ts';
import { AddRevisions1796200000000 } from './add-revisions-1796200000000.ts';
import { AddRollups1795900000000 } from './add-rollups-1795900000000.ts';
import { AddSavedPositions1796500000000 } from './add-saved-positions-1796500000000.ts';
import { AddSkippedStatements1795700000000 } from './add-skipped-statements-1795700000000.ts';
import { AddSettingRevisions1796900000000 } from './add-setting-revisions-1796900000000.ts';
import { AddSkips1796510000000 } from './add-skips-1796510000000.ts';
import { AddStandbys1795300000000 } from './add-standbys-1795300000000.ts';
import { AddStatisticHoles1796800000000 } from './add-statistic-holes-1796800000000.ts';
import { AddSystemParameters1796220000000 } from './add-system-parameters-1796220000000.ts';
import { AddUsers1795820000000 } from './add-users-1795820000000.ts';
import { CreateTables1795200000000 } from './create-tables-1795200000000.ts';

/** All migrations, oldest first. A migration that was released is never changed. */
export const MIGRATIONS = [
  CreateTables1795200000000,
  AddStandbys1795300000000,
  AddCommands1795400000000,
  AddLoadPolicies1795500000000,
  AddLeftOutValues1795600000000,
  AddSkippedStatements1795700000000,
  AddApiKeys1795800000000,
  AddAuditChain1795810000000,
  AddUsers1795820000000,
  AddRollups1795900000000,
  AddAlarms1796000000000,
  AddClientCertificates1796100000000,
  AddOracleNames1796110000000,
  AddRevisions1796200000000,
  AddRemovals1796210000000,
  AddSystemParameters1796220000000,
  AddPreChecks1796400000000,
  AddSavedPositions1796500000000,
  AddSkips1796510000000,
  AddAuditOrder1796530000000,
  AddAlarmMemory1796700000000,
  AddRemovalChannels1796710000000,
  AddLoginNetworks1796720000000,
  AddDataSourceChannels1796730000000,
  AddStatisticHoles1796800000000,
  AddSettingRevisions1796900000000,
  AddMappingRules1797000000000,
  AddResyncs1797300000000,
  AddGroupChecks1797310000000,
] as const;
