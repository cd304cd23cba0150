import { Type } from 'class-transformer';
import { IsIn, IsInt, IsNotEmpty, IsOptional, IsString, Matches, Max, Min } from 'class-validator';
import { BaseEnv, PROCESSOR_LIST, PROCESSOR_LIST_PROBLEM } from '@lutra/service-kit';

const ORIGINS = /^(https?:\/\/[\w.-]+(:\d+)?(,https?:\/\/[\w.-]+(:\d+)?)*)?$/;
const NETWORKS = /^([\da-fA-F.:]+(\/\d{1,3})?(,[\da-fA-F.:]+(\/\d{1,3})?)*)?$/;

/** Environment of the manager: where its own database is. What to synchronise is not here but in that database. */
export class ManagerEnv extends BaseEnv {
  /** Port of the API, /health and /metrics; 0 = any free one. */
  @Type(() => Number)
  @IsInt()
  @Min(0)
  @Max(65_535)
  override LUTRA_HTTP_PORT = 8080;

  /**
   * Packages whose processors mappings may use, comma-separated: as extract and transform have it. Mappings are checked and
   * shown with them. Empty = none.
   */
  @Matches(PROCESSOR_LIST, PROCESSOR_LIST_PROBLEM)
  LUTRA_PROCESSORS = '';

  /** Server of the manager's store: MySQL 8 or MariaDB 10.5 and newer. */
  @IsString()
  @IsNotEmpty()
  MANAGER_DATABASE_HOST!: string;

  /** Port of that server. */
  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(65_535)
  MANAGER_DATABASE_PORT = 3306;

  /** User with all rights in the manager's own database. */
  @IsString()
  @IsNotEmpty()
  MANAGER_DATABASE_USER!: string;

  /** Empty = the user has none. */
  @IsString()
  MANAGER_DATABASE_PASSWORD = '';

  /** File that holds it, instead of the variable. */
  @IsOptional()
  @IsString()
  MANAGER_DATABASE_PASSWORD_FILE?: string;

  /** Encryption of the connections to the store. `required` looks at no certificate, `verifyIdentity` also at its name. */
  @IsIn(['disabled', 'required', 'verifyCa', 'verifyIdentity'])
  MANAGER_DATABASE_TLS: 'disabled' | 'required' | 'verifyCa' | 'verifyIdentity' = 'disabled';

  /** Authorities of the store, PEM; not set = those that Node.js knows. Read again at each connection, as are the two that follow. */
  @IsOptional()
  @IsString()
  MANAGER_DATABASE_TLS_CA_FILE?: string;

  /** Certificate that is shown to the store, PEM; together with its key. */
  @IsOptional()
  @IsString()
  MANAGER_DATABASE_TLS_CERT_FILE?: string;

  /** Private key of that certificate, PEM. */
  @IsOptional()
  @IsString()
  MANAGER_DATABASE_TLS_KEY_FILE?: string;

  /** Created when it is missing and the user may create it. */
  @Matches(/^\w{1,64}$/, { message: '$property must be letters, digits and _, at most 64' })
  MANAGER_DATABASE_NAME = 'lutra_manager';

  /** The token of the first start is written here (mode 0600) instead of printed: a log may keep what it got for ever. */
  @IsOptional()
  @IsString()
  LUTRA_ADMIN_TOKEN_FILE?: string;

  /** Origins whose pages may call the API, comma-separated, such as https://ops.example.com; empty = none but its own. */
  @Matches(ORIGINS, { message: '$property must be a comma-separated list of origins such as https://ops.example.com' })
  LUTRA_CORS_ORIGINS = '';

  /** Addresses or networks of proxies whose X-Forwarded-For is believed, comma-separated, such as 10.0.0.0/8; empty = none. */
  @Matches(NETWORKS, { message: '$property must be a comma-separated list of addresses or networks' })
  LUTRA_TRUSTED_PROXIES = '';

  /** Where this installation has docs/runbook.md: the API's answers link to its sections. */
  @IsString()
  @IsNotEmpty()
  LUTRA_RUNBOOK_URL = 'docs/runbook.md';
}
