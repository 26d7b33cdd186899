// IAM and STS: what a deployment from JavaScript does before it creates a function.
import assert from 'node:assert/strict';
import test from 'node:test';
import {
    AttachRolePolicyCommand, CreateRoleCommand, DeleteRoleCommand, DetachRolePolicyCommand, GetRoleCommand, IAMClient,
    ListAttachedRolePoliciesCommand, NoSuchEntityException, paginateListRoles,
} from '@aws-sdk/client-iam';
import { AssumeRoleCommand, GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';

const iam = new IAMClient();
const RoleName = 'FromJavaScript';
const trust = {
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Principal: { Service: 'lambda.amazonaws.com' }, Action: 'sts:AssumeRole' }],
};
const PolicyArn = 'arn:aws:iam::aws:policy/service-role/AWSLambdaKinesisExecutionRole';

test('a role is made, read, listed, used and removed', async () => {
    const { Role } = await iam.send(new CreateRoleCommand({ RoleName, AssumeRolePolicyDocument: JSON.stringify(trust) }));
    assert.ok(Role.CreateDate instanceof Date);
    await iam.send(new AttachRolePolicyCommand({ RoleName, PolicyArn }));
    const { AttachedPolicies } = await iam.send(new ListAttachedRolePoliciesCommand({ RoleName }));
    assert.deepEqual(AttachedPolicies, [{ PolicyName: 'AWSLambdaKinesisExecutionRole', PolicyArn }]);
    const read = await iam.send(new GetRoleCommand({ RoleName }));
    assert.deepEqual(JSON.parse(decodeURIComponent(read.Role.AssumeRolePolicyDocument)), trust);
    const names = [];
    for await (const page of paginateListRoles({ client: iam, pageSize: 1 }, {})) names.push(...page.Roles.map((r) => r.RoleName));
    assert.ok(names.includes(RoleName));

    const { Credentials, AssumedRoleUser } = await new STSClient().send(
        new AssumeRoleCommand({ RoleArn: Role.Arn, RoleSessionName: 'js' }));
    const inside = new STSClient({
        credentials: {
            accessKeyId: Credentials.AccessKeyId, secretAccessKey: Credentials.SecretAccessKey, sessionToken: Credentials.SessionToken,
        },
    });
    assert.equal((await inside.send(new GetCallerIdentityCommand({}))).Arn, AssumedRoleUser.Arn);

    await iam.send(new DetachRolePolicyCommand({ RoleName, PolicyArn }));
    await iam.send(new DeleteRoleCommand({ RoleName }));
    await assert.rejects(iam.send(new GetRoleCommand({ RoleName })), NoSuchEntityException);
});
