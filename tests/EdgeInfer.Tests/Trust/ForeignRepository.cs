namespace EdgeInfer.Tests.Trust;

/// <summary>
/// A repository that another implementation wrote: canonical form by Debian's python3-securesystemslib 0.26, signatures by python3-cryptography 38,
/// files by json.dumps, indented and not. Two of two roots (ECDSA, Ed25519; the second root replaces one key), timestamp Ed25519, snapshot RSA-PSS,
/// targets and the delegated role ECDSA under both spellings of the key type; members that nobody knows, text beyond ASCII and beyond the first plane.
/// </summary>
internal static class ForeignRepository
{
    public static Dictionary<string, string> Files { get; } = new()
    {
        ["metadata/1.root.json"] = """
{
 "signatures": [
  {
   "keyid": "851c887188f8a52564f0320574a5217eb18e0cdbee2f9dc591890636c58e9d40",
   "sig": "304502203a998665ad965e5f6308a7090668331925c2ec7c8dc77a26fb37ddcc2c8fbd1f022100ac0b2c26bb0bf84ee7b35f19bbf1cf481e830497777c21ebf42c1f8456d704a0"
  },
  {
   "keyid": "81ba4f9caf7fb105abbf0af9e773f2803f6f28eab246f23387fbd73c3fc2463c",
   "sig": "7204cb7efed07549896e6fba62a2601b04415b6179d43eecd8463c2329f9142a7084c41ce246c5a389cf1f78215999e5c2da67a982f0f284af2a8972e5b5cc0e"
  }
 ],
 "signed": {
  "_type": "root",
  "spec_version": "1.0.31",
  "version": 1,
  "expires": "2030-01-01T00:00:00Z",
  "consistent_snapshot": true,
  "keys": {
   "851c887188f8a52564f0320574a5217eb18e0cdbee2f9dc591890636c58e9d40": {
    "keytype": "ecdsa",
    "scheme": "ecdsa-sha2-nistp256",
    "keyval": {
     "public": "-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEb/A7lJJBzh2t1DUZ5pYOCoW0Gmmg\nXDKBA6orzhWUyhY8T3U6Vb8B3FP2wLDH7ueLQMb/fSWpbiKCuYnO9xwUSg==\n-----END PUBLIC KEY-----\n"
    },
    "x-owner": "Bj\u00f8rn \"B\" \\ 1"
   },
   "81ba4f9caf7fb105abbf0af9e773f2803f6f28eab246f23387fbd73c3fc2463c": {
    "keytype": "ed25519",
    "scheme": "ed25519",
    "keyval": {
     "public": "8139770ea87d175f56a35466c34c7ecccb8d8a91b4ee37a25df60f5b8fc9b394"
    },
    "x-owner": "Bj\u00f8rn \"B\" \\ 2"
   },
   "1a57d0f037dd4024c8cd5e9b3fad402c7e9fef4951cb14d74aa45a3a1a59aaeb": {
    "keytype": "ed25519",
    "scheme": "ed25519",
    "keyval": {
     "public": "ca93ac1705187071d67b83c7ff0efe8108e8ec4530575d7726879333dbdabe7c"
    },
    "x-owner": "Bj\u00f8rn \"B\" \\ 4"
   },
   "7b70d22a1b098e32aef890d55e9f9a5ea2f1639c98247c78be0df15989c1df9f": {
    "keytype": "rsa",
    "scheme": "rsassa-pss-sha256",
    "keyval": {
     "public": "-----BEGIN PUBLIC KEY-----\nMIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAwSbO2MSD7CLLQhd3LNzd\nIPQHM/8nSJuAtuXMo623bCk0ukg2gT7S4NwD/xxw2LsGmiUClBhv+hTiZVhVKnc1\nMic3bvyue1vJlwiK5dC5l0P4COKBDIQmSNGLf+qMX4Sm42nxRTqvAfAKProqDxS+\nJzqLKS3EY4GBDVE9dHUFgffUkBQoFIQdIE9hOn19pHtrTfp/lZzreko79DG/qdF0\nF56w5ddfWNiclEs8O2ANlvRx6uKH7aH7JAEZXqlI8NW3kz/QArFvTmRPRF4ZkiL5\nelKnk29MmBlXazONFuOCr8j1umy64S2GRKsr7ssLqEUYO9IX60h/wWsbKHTeEaLu\nLQIDAQAB\n-----END PUBLIC KEY-----\n"
    },
    "x-owner": "Bj\u00f8rn \"B\" \\ 5"
   },
   "7a3812dd1b3ae14d02a0cf202609180b8d22e1f0c91c605fd746c3dc2f83244c": {
    "keytype": "ecdsa-sha2-nistp256",
    "scheme": "ecdsa-sha2-nistp256",
    "keyval": {
     "public": "-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEsFFMTBNUDyOX9UcZ8zMufvOOQq2d\nwItx5mDOFrnojQlOfzrciI6UTUXV5FlOP74okYC7HNf8VdG1x8tQHAnKUA==\n-----END PUBLIC KEY-----\n"
    },
    "x-owner": "Bj\u00f8rn \"B\" \\ 6"
   }
  },
  "roles": {
   "root": {
    "keyids": [
     "851c887188f8a52564f0320574a5217eb18e0cdbee2f9dc591890636c58e9d40",
     "81ba4f9caf7fb105abbf0af9e773f2803f6f28eab246f23387fbd73c3fc2463c"
    ],
    "threshold": 2
   },
   "timestamp": {
    "keyids": [
     "1a57d0f037dd4024c8cd5e9b3fad402c7e9fef4951cb14d74aa45a3a1a59aaeb"
    ],
    "threshold": 1
   },
   "snapshot": {
    "keyids": [
     "7b70d22a1b098e32aef890d55e9f9a5ea2f1639c98247c78be0df15989c1df9f"
    ],
    "threshold": 1
   },
   "targets": {
    "keyids": [
     "7a3812dd1b3ae14d02a0cf202609180b8d22e1f0c91c605fd746c3dc2f83244c"
    ],
    "threshold": 1
   }
  },
  "x-note": "Za\u017c\u00f3\u0142\u0107 \ud83d\ude00\n\t"
 }
}
""",
        ["metadata/2.root.json"] = """
{
 "signatures": [
  {
   "keyid": "851c887188f8a52564f0320574a5217eb18e0cdbee2f9dc591890636c58e9d40",
   "sig": "30450220245317373dbc43562962d8d7ab67a03c761791cb04fd314826b8ec98512f49ae022100f1ff260041caf33dbeca60388518db3ea7dbd9286a58c464434fda740cc4cffd"
  },
  {
   "keyid": "81ba4f9caf7fb105abbf0af9e773f2803f6f28eab246f23387fbd73c3fc2463c",
   "sig": "746f75253cd310dda3fc6797125d7d682b3c3f611e4a4de56942b52ab6c88ca7c6667514c9b6d38f4ec51625a466107658e74835e09b2c9ddbf589c4f9c65702"
  },
  {
   "keyid": "8fe44f78e4ff3b66aec10c5c707bc4639e50f344997ce950fbd6bfb6b56f28cd",
   "sig": "304402202fe82a8f10b27fa74ff233d800cc994bad88d0de9643491db130a36814afd2d70220238ef04ae242e82642178ec65abbd9eebea8fe88a827e67baa53dd239035dc28"
  }
 ],
 "signed": {
  "_type": "root",
  "spec_version": "1.0.31",
  "version": 2,
  "expires": "2030-01-01T00:00:00Z",
  "consistent_snapshot": true,
  "keys": {
   "81ba4f9caf7fb105abbf0af9e773f2803f6f28eab246f23387fbd73c3fc2463c": {
    "keytype": "ed25519",
    "scheme": "ed25519",
    "keyval": {
     "public": "8139770ea87d175f56a35466c34c7ecccb8d8a91b4ee37a25df60f5b8fc9b394"
    },
    "x-owner": "Bj\u00f8rn \"B\" \\ 2"
   },
   "8fe44f78e4ff3b66aec10c5c707bc4639e50f344997ce950fbd6bfb6b56f28cd": {
    "keytype": "ecdsa-sha2-nistp256",
    "scheme": "ecdsa-sha2-nistp256",
    "keyval": {
     "public": "-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEWRq3ceu8/W2cuQlNEGUordGmnUTC\nwfYn8InsWLnGGt+fTmq/DQRcDGk6PGitfJfKcr5k3vSib+zSY92YqSeA8A==\n-----END PUBLIC KEY-----\n"
    },
    "x-owner": "Bj\u00f8rn \"B\" \\ 3"
   },
   "1a57d0f037dd4024c8cd5e9b3fad402c7e9fef4951cb14d74aa45a3a1a59aaeb": {
    "keytype": "ed25519",
    "scheme": "ed25519",
    "keyval": {
     "public": "ca93ac1705187071d67b83c7ff0efe8108e8ec4530575d7726879333dbdabe7c"
    },
    "x-owner": "Bj\u00f8rn \"B\" \\ 4"
   },
   "7b70d22a1b098e32aef890d55e9f9a5ea2f1639c98247c78be0df15989c1df9f": {
    "keytype": "rsa",
    "scheme": "rsassa-pss-sha256",
    "keyval": {
     "public": "-----BEGIN PUBLIC KEY-----\nMIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAwSbO2MSD7CLLQhd3LNzd\nIPQHM/8nSJuAtuXMo623bCk0ukg2gT7S4NwD/xxw2LsGmiUClBhv+hTiZVhVKnc1\nMic3bvyue1vJlwiK5dC5l0P4COKBDIQmSNGLf+qMX4Sm42nxRTqvAfAKProqDxS+\nJzqLKS3EY4GBDVE9dHUFgffUkBQoFIQdIE9hOn19pHtrTfp/lZzreko79DG/qdF0\nF56w5ddfWNiclEs8O2ANlvRx6uKH7aH7JAEZXqlI8NW3kz/QArFvTmRPRF4ZkiL5\nelKnk29MmBlXazONFuOCr8j1umy64S2GRKsr7ssLqEUYO9IX60h/wWsbKHTeEaLu\nLQIDAQAB\n-----END PUBLIC KEY-----\n"
    },
    "x-owner": "Bj\u00f8rn \"B\" \\ 5"
   },
   "7a3812dd1b3ae14d02a0cf202609180b8d22e1f0c91c605fd746c3dc2f83244c": {
    "keytype": "ecdsa-sha2-nistp256",
    "scheme": "ecdsa-sha2-nistp256",
    "keyval": {
     "public": "-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEsFFMTBNUDyOX9UcZ8zMufvOOQq2d\nwItx5mDOFrnojQlOfzrciI6UTUXV5FlOP74okYC7HNf8VdG1x8tQHAnKUA==\n-----END PUBLIC KEY-----\n"
    },
    "x-owner": "Bj\u00f8rn \"B\" \\ 6"
   }
  },
  "roles": {
   "root": {
    "keyids": [
     "81ba4f9caf7fb105abbf0af9e773f2803f6f28eab246f23387fbd73c3fc2463c",
     "8fe44f78e4ff3b66aec10c5c707bc4639e50f344997ce950fbd6bfb6b56f28cd"
    ],
    "threshold": 2
   },
   "timestamp": {
    "keyids": [
     "1a57d0f037dd4024c8cd5e9b3fad402c7e9fef4951cb14d74aa45a3a1a59aaeb"
    ],
    "threshold": 1
   },
   "snapshot": {
    "keyids": [
     "7b70d22a1b098e32aef890d55e9f9a5ea2f1639c98247c78be0df15989c1df9f"
    ],
    "threshold": 1
   },
   "targets": {
    "keyids": [
     "7a3812dd1b3ae14d02a0cf202609180b8d22e1f0c91c605fd746c3dc2f83244c"
    ],
    "threshold": 1
   }
  },
  "x-note": "Za\u017c\u00f3\u0142\u0107 \ud83d\ude00\n\t"
 }
}
""",
        ["targets/models/parts/bafebd36189ad3688b7b3915ea55d461e0bfcfbdde11e54b0a123999fb6be50f.12"] = """
{"schemaVersion":2}
""",
        ["metadata/7.models.json"] = """
{"signatures": [{"keyid": "0ba5173f9af7d1d8b9e6bce07b668df09f28eb4a3ed52aa01b6a589ce6ff0b91", "sig": "3046022100f5960120d532dab3ea85ec5de6ce9a1355e7537c33a3f48d1b56f616e44eda81022100c21c19664fa7a623185b64d451957251e4db82124bd9a9ba689e67f400982f7b"}], "signed": {"_type": "targets", "spec_version": "1.0.31", "version": 7, "expires": "2030-01-01T00:00:00Z", "targets": {"models/parts/12": {"length": 19, "hashes": {"sha256": "bafebd36189ad3688b7b3915ea55d461e0bfcfbdde11e54b0a123999fb6be50f", "sha512": "63f87a5b21b700711f6dd1cabacfdea21e33fb2fb220d00be07d7fcd1de3f085e5b7ee51c25be6b9a5f054d904f36da93e0fff53fdd5fb223acd8075bc5ff465"}, "custom": {"edgeinfer": {"seq": 12, "\uff61": 1, "\ud83d\ude00": 2}}}}}}
""",
        ["metadata/3.targets.json"] = """
{"signatures": [{"keyid": "7a3812dd1b3ae14d02a0cf202609180b8d22e1f0c91c605fd746c3dc2f83244c", "sig": "3046022100a7df7b4a4ff9460a3ba4cfed4f647fdf8aa2201c3f2642783809bccbf2e9352a022100dbd8dca8169994b2dd3bfecf55a6b561bdce569382bf1343a927184c9dfd133f"}], "signed": {"_type": "targets", "spec_version": "1.0.31", "version": 3, "expires": "2030-01-01T00:00:00Z", "targets": {}, "delegations": {"keys": {"0ba5173f9af7d1d8b9e6bce07b668df09f28eb4a3ed52aa01b6a589ce6ff0b91": {"keytype": "ecdsa", "scheme": "ecdsa-sha2-nistp256", "keyval": {"public": "-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEHhhTL9R1TALzBB2cdc6zO4P/2BrH\nzk/ogsyxyYvFiW6kbDEcTi/0DdlqNlPm5FRF0y3+SG7O11x6kMahiIHAow==\n-----END PUBLIC KEY-----\n"}, "x-owner": "Bj\u00f8rn \"B\" \\ 7"}}, "roles": [{"name": "models", "keyids": ["0ba5173f9af7d1d8b9e6bce07b668df09f28eb4a3ed52aa01b6a589ce6ff0b91"], "threshold": 1, "terminating": true, "paths": ["models/*/*"]}]}}}
""",
        ["metadata/5.snapshot.json"] = """
{"signatures": [{"keyid": "7b70d22a1b098e32aef890d55e9f9a5ea2f1639c98247c78be0df15989c1df9f", "sig": "2891e6681934712914c7f8279f9f47b443453a4bcb4d30c0a434ed2e8f40cb03e99573215f68a5c3153191d7811b3f504a40ab0789adb62f218f8696a15415b7c471fdb23845f86db69d21ac49ac85dcf16e539710acc760dc41b19ba676a39bbe7e320efb81003b9de164d070007aece3933079e265203c6280db9e5eaad390fe44e6033c0cc655aa3829831bfbc74b1404a93be329c45db2de095579634e530be9f7dcaf02174460d609dea961abfb10929c7a90fea4f5ca4b5a412fd206f0a12f9cb81985a4077cfb31de27305fe9baec84cee816fe05a2cf26e20bce1c6ce27c1a73de5cdd842bebbc10014394f547e1314df3583f71fa0efd33aaa7dd2c"}], "signed": {"_type": "snapshot", "spec_version": "1.0.31", "version": 5, "expires": "2030-01-01T00:00:00Z", "meta": {"targets.json": {"version": 3, "length": 939, "hashes": {"sha256": "ea5045c2fc477a42a25c22640f9fb680b8ffaeffc8b2a618f77265c9228d5f1b"}}, "models.json": {"version": 7, "length": 707, "hashes": {"sha256": "e7377fc5b06c0b40e3d71fa7534577da1fba5f35278c12d6207f9545113d5053"}}}}}
""",
        ["metadata/timestamp.json"] = """
{"signatures": [{"keyid": "1a57d0f037dd4024c8cd5e9b3fad402c7e9fef4951cb14d74aa45a3a1a59aaeb", "sig": "f2ff794583662bb0a8fc0d67b48c503af4be31a50ff2495795ec01fd5cd3b9fd1c3b270e90536713de3d31c52b2d48aeb7aaa33ba73b5890ef8c68bbe7585e07"}], "signed": {"_type": "timestamp", "spec_version": "1.0.31", "version": 9, "expires": "2030-01-01T00:00:00Z", "x-edgeinfer-signed-at": "2027-01-01T00:00:00Z", "meta": {"snapshot.json": {"version": 5, "length": 1009, "hashes": {"sha256": "d9c9ffc2e87841bc5ecf675f1e0374ac1256cfe072f1dd166011bc7bcc0490d2"}}}}}
""",
    };
}
