import { AlarmRuleEntity, AlarmRuleFaultEntity } from '../alarms/alarm-rule.entity.ts';
import { AlarmDeliveryEntity, AlarmEntity } from '../alarms/alarm.entity.ts';
import { ApiKeyEntity } from '../api-keys/api-key.entity.ts';
import { AuditEntryEntity } from '../audit/audit-entry.entity.ts';
import { ChannelEntity } from '../channels/channel.entity.ts';
import { CommandEntity } from '../commands/command.entity.ts';
import { DataSourceEntity } from '../data-sources/data-source.entity.ts';
import { MappingEntity } from '../mappings/mapping.entity.ts';
import { PipelineEntity } from '../pipelines/pipeline.entity.ts';
import { PreCheckEntity } from '../pre-check/pre-check.entity.ts';
import { DefinitionEntity } from '../publishing/definition.entity.ts';
import { GroupCheckEntity } from '../group-checks/group-check.entity.ts';
import { SavedPositionEntity } from '../positions/saved-position.entity.ts';
import { ReceiverEntity, ReceiverStateEntity } from '../receivers/receiver.entity.ts';
import { RemovalEntity } from '../removals/removal.entity.ts';
import { ResyncEntity } from '../resyncs/resync.entity.ts';
import { RevisionEntity } from '../revisions/revision.entity.ts';
import { SettingRevisionEntity } from '../revisions/setting-revision.entity.ts';
import { SessionEntity } from '../sessions/session.entity.ts';
import { SessionTokenEntity } from '../sessions/session-token.entity.ts';
import { SkipEntity } from '../skips/skip.entity.ts';
import { SystemParametersEntity } from '../system-parameters/system-parameters.entity.ts';
import { UserEntity } from '../users/user.entity.ts';

/** Every table of the store that holds resources; statistics have rows of their own kind. */
export const ENTITIES = [
  AlarmDeliveryEntity,
  AlarmEntity,
  AlarmRuleEntity,
  AlarmRuleFaultEntity,
  ApiKeyEntity,
  AuditEntryEntity,
  ChannelEntity,
  CommandEntity,
  DataSourceEntity,
  DefinitionEntity,
  MappingEntity,
  PipelineEntity,
  PreCheckEntity,
  ReceiverEntity,
  ReceiverStateEntity,
  RemovalEntity,
  ResyncEntity,
  RevisionEntity,
  SettingRevisionEntity,
  GroupCheckEntity,
  SavedPositionEntity,
  SessionEntity,
  SessionTokenEntity,
  SkipEntity,
  SystemParametersEntity,
  UserEntity,
] as const;
