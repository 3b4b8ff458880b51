// The tabs of a first visit. `npm test` checks them.
const DAY = 24 * 60 * 60 * 1000;
const thirtyDaysAgo = new Date(Date.now() - 30 * DAY).toISOString().slice(0, 10);

export const examples = [
  {
    query: `# The newest releases, each with its packages.
# Press play or Ctrl-Enter. No releases yet?
# The next tab records one.
query LatestReleases {
  releases(first: 10) {
    totalCount
    nodes {
      user
      team
      platformNames
      status
      startedAt
      finishedAt
      durationSeconds
      packages {
        name
        version
        status
        rollback
      }
    }
  }
}
`,
  },
  {
    query: `# Records a deployment that is over. Give what you know:
# what Orlo fills in, here the time, it says in
# warnings and inferredFields.
mutation RecordRelease {
  recordRelease(
    input: {
      user: "ann"
      team: "shop"
      platforms: ["staging"]
      references: ["SHOP-1"]
      packages: [
        { name: "api", version: "1.4.0" }
        { name: "worker", version: "2.0.3" }
      ]
      success: true
    }
  ) {
    ok
    release {
      id
      status
      finishedAt
      inferredFields
    }
    userErrors {
      code
      field
      message
    }
    warnings {
      code
      message
    }
  }
}
`,
  },
  {
    query: `# Deployments of one package on one platform that
# failed or are still running. The values are in the
# Variables pane below; any condition may be left out.
query TroubledDeployments(
  $package: String!
  $platform: String!
  $since: DateTime!
) {
  packages(
    first: 20
    filter: {
      name: { eq: $package }
      status: { in: [FAILED, IN_PROGRESS] }
      or: [{ startedAt: { gte: $since } }, { finishedAt: { gte: $since } }]
      release: { platforms: { has: $platform } }
    }
    orderBy: [{ field: STARTED_AT, direction: DESC }]
  ) {
    totalCount
    pageInfo {
      hasNextPage
      endCursor
    }
    nodes {
      version
      status
      startedAt
      durationSeconds
      results(first: 1) {
        nodes {
          content
        }
      }
      release {
        user
        team
        references
      }
    }
  }
}
`,
    variables: JSON.stringify({ package: 'api', platform: 'staging', since: thirtyDaysAgo }, null, 2),
  },
  {
    query: `# How a deployment job reports while it works, one call
# a step: press play and choose. Its own externalId ties
# the steps together; it need not remember Orlo's ids.
mutation CreateRelease($run: String!) {
  createRelease(
    input: {
      externalId: $run
      user: "ann"
      team: "shop"
      platforms: ["staging"]
      references: ["SHOP-2"]
      packages: [{ name: "api", version: "1.5.0" }]
    }
  ) {
    ok
    created
    release {
      ...Progress
    }
    userErrors {
      code
      message
    }
  }
}

mutation StartPackage($run: String!) {
  startPackage(
    input: {
      package: { inRelease: { release: { externalId: $run }, name: "api" } }
    }
  ) {
    ok
    release {
      ...Progress
    }
    userErrors {
      code
      message
    }
  }
}

mutation FinishPackage($run: String!) {
  finishPackage(
    input: {
      package: { inRelease: { release: { externalId: $run }, name: "api" } }
      success: true
      result: "3 hosts updated"
    }
  ) {
    ok
    release {
      ...Progress
    }
    userErrors {
      code
      message
    }
  }
}

mutation FinishRelease($run: String!) {
  finishRelease(input: { release: { externalId: $run }, note: "No trouble." }) {
    ok
    release {
      ...Progress
    }
    userErrors {
      code
      message
    }
  }
}

fragment Progress on Release {
  id
  status
  durationSeconds
  packages {
    name
    version
    status
  }
}
`,
    variables: JSON.stringify({ run: 'ci-4711' }, null, 2),
  },
  {
    query: `# All platforms, and the packages released most often.
# The same field may be asked for twice under names of
# your own, here all and failed.
query Overview {
  platforms(first: 50) {
    nodes {
      name
      all: releaseCount
      failed: releaseCount(filter: { status: { eq: FAILED } })
      firstReleasedAt
      lastReleasedAt
    }
  }
  packageSummaries(
    first: 50
    orderBy: [{ field: RELEASE_COUNT, direction: DESC }]
  ) {
    nodes {
      name
      releaseCount
      lastReleasedAt
    }
  }
}
`,
  },
];
