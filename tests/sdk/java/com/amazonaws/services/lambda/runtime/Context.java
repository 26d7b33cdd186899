package com.amazonaws.services.lambda.runtime;

/** These interfaces are what AWS's aws-lambda-java-core has, by name and signature. */
public interface Context {
    String getAwsRequestId();

    String getLogGroupName();

    String getFunctionName();

    String getFunctionVersion();

    String getInvokedFunctionArn();

    ClientContext getClientContext();

    int getRemainingTimeInMillis();

    int getMemoryLimitInMB();

    LambdaLogger getLogger();
}
