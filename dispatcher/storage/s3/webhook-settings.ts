/**
 * What to tell a MinIO server so that it has a webhook target which leads to this dispatcher. Pure.
 * https://min.io/docs/minio/linux/reference/minio-server/settings/notifications/webhook-service.html
 */
export interface WebhookSettings {
  storage: string
  /** Ids of the targets. */
  targets: readonly string[]
  dispatcherUrl: string
}

const TOKEN = '<a token of SPILLWAY_TOKENS_EVENTS>'

/** Settings, and the commands that do the same, for people to copy. */
export function webhookSettings({ storage, targets, dispatcherUrl }: WebhookSettings): string {
  const endpoint = `${dispatcherUrl}/v1/events?storage=${storage}`
  return [
    'Start the server with these settings (the URL as the server reaches this dispatcher), then deploy again:',
    ...targets.flatMap((id) => variables(id, endpoint)),
    'or run, where ALIAS is the server:',
    ...targets.map(
      (id) => `  mc admin config set ALIAS notify_webhook:${id} endpoint="${endpoint}" auth_token="${TOKEN}"`,
    ),
    '  mc admin service restart ALIAS',
    'With QUEUE_DIR (queue_dir), a directory of the server, it keeps events while this dispatcher is away, and sends each up to 3 s late.',
  ].join('\n')
}

const variables = (id: string, endpoint: string): string[] => [
  `  MINIO_NOTIFY_WEBHOOK_ENABLE_${id}=on`,
  `  MINIO_NOTIFY_WEBHOOK_ENDPOINT_${id}=${endpoint}`,
  `  MINIO_NOTIFY_WEBHOOK_AUTH_TOKEN_${id}=${TOKEN}`,
]
