/** What S3 sends to a function when objects are created. */
import { encodeKey } from '../../../runtime/events/aws-s3.js'

export const s3Event = (bucket: string, ...objects: { key: string; size: number }[]) => ({
  Records: objects.map(({ key, size }) => ({
    eventVersion: '2.1',
    eventSource: 'aws:s3',
    awsRegion: 'eu-west-1',
    eventTime: '2026-08-01T12:00:00.000Z',
    eventName: 'ObjectCreated:Put',
    s3: {
      s3SchemaVersion: '1.0',
      configurationId: 'x',
      bucket: { name: bucket, arn: `arn:aws:s3:::${bucket}` },
      object: { key: encodeKey(key), size, eTag: '0', sequencer: '0A' },
    },
  })),
})
