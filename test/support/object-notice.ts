/** A notification of S3 about one object, as its sender writes it. */
export function objectNotice(bucket: string, key: string, size = 1) {
  return {
    Records: [
      {
        eventName: 'ObjectCreated:Put',
        eventSource: 'aws:s3',
        eventTime: new Date().toISOString(),
        s3: { bucket: { name: bucket }, object: { key: encodeURIComponent(key).replaceAll('%20', '+'), size } },
      },
    ],
  }
}
