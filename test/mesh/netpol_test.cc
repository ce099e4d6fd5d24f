#include "source/mesh/netpol.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

namespace weir::mesh {
namespace {

std::string policy(std::string_view spec) {
  return "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: np, namespace: "
         "shop}\nspec: " +
         std::string(spec) + "\n";
}

std::string workload(std::string_view label, std::string_view ports,
                     std::string_view annotations = "{}") {
  return "---\napiVersion: v1\nkind: Pod\nmetadata:\n  name: " + std::string(label) +
         "\n  namespace: shop\n  labels: {app: " + std::string(label) +
         "}\n  annotations: " + std::string(annotations) +
         "\nspec: {containers: [{name: c, ports: " + std::string(ports) + "}]}\n";
}

ManifestOutcome correct(std::string text, const NetpolOptions& options = {}) {
  return correctNetworkPolicies({{"in.yaml", std::move(text)}}, options);
}

// The ports of the first rule in the first document, "5432,4143".
std::string ports(const std::string& output, std::string_view direction = "ingress") {
  const auto documents = readManifests({{"out", output}});
  const auto* rules = documents.value().at(0).yaml.root.findPath("spec." + std::string(direction));
  std::string all;
  for (const YamlNode& entry : rules->items.at(0).find("ports")->items)
    all += std::string(all.empty() ? "" : ",") + std::string(entry.textAt("port"));
  return all;
}

struct Case {
  std::string_view rule;
  std::string_view ports;
};

TEST(NetpolTest, AddsTheProxysPortWhereARuleNamesAnOpaqueOne) {
  const Case cases[] = {
      {"[{port: 5432}]", "5432,4143"},
      {"[{port: 5432, protocol: TCP}, {port: 80}]", "5432,80,4143"},
      {"[{port: 3000, endPort: 4000}]", "3000,4143"},
      {"[{port: 80}]", "80"},
      {"[{port: 5432, protocol: UDP}]", "5432"},
      {"[{port: 5432}, {port: 4143}]", "5432,4143"},
      {"[{port: 3000, endPort: 5000}]", "3000"},
      {"[{protocol: TCP}]", ""},
  };
  for (const Case& one : cases) {
    const auto spec = "{podSelector: {}, ingress: [{ports: " + std::string(one.rule) + "}]}";
    EXPECT_EQ(ports(correct(policy(spec)).output), one.ports) << one.rule;
  }
}

TEST(NetpolTest, RulesForAllPortsBreakNothing) {
  for (const char* spec :
       {"{podSelector: {}, ingress: [{from: []}]}", "{podSelector: {}}",
        "{podSelector: {}, ingress: [{ports: []}]}", "{podSelector: {}, policyTypes: [Ingress]}"}) {
    const auto outcome = correct(policy(spec));
    EXPECT_EQ(outcome.output, policy(spec));
    EXPECT_NE(outcome.report.find("no policy has to be corrected"), std::string::npos);
  }
}

TEST(NetpolTest, SaysWhatBreaksAndWhatTheCorrectionCosts) {
  const auto outcome =
      correct(policy("{podSelector: {}, ingress: [{ports: [{port: 80}]}, {ports: [{port: 5432}, "
                     "{port: 25}]}]}"));
  EXPECT_EQ(
      outcome.report,
      "\n\u203c networkpolicy shop/np: ingress rule 2 breaks: what is sent to 25,5432 is "
      "opaque, and arrives from clients in the mesh at 4143, which was added\n"
      "\u203c networkpolicy shop/np: to admit 4143 admits, for clients in the mesh, every port "
      "of the pods: say by an rbac filter of theirs which ports and addresses are allowed\n"
      "\nnetworkpolicy \"np\" corrected\n\n");
}

TEST(NetpolTest, EgressIsCorrectedToo) {
  EXPECT_EQ(ports(correct(policy("{podSelector: {}, egress: [{ports: [{port: 5432}]}]}")).output,
                  "egress"),
            "5432,4143");
}

TEST(NetpolTest, TheSelectedWorkloadsSayWhatIsOpaque) {
  const std::string spec = policy(
      "{podSelector: {matchLabels: {app: db}}, ingress: [{ports: [{port: 8080}, {port: "
      "5432}]}]}");
  const std::string own = "{config.linkerd.io/opaque-ports: '8080'}";
  const std::string none = "{config.linkerd.io/opaque-ports: ''}";
  EXPECT_EQ(ports(correct(spec).output), "8080,5432,4143");
  EXPECT_EQ(ports(correct(spec + workload("db", "[]", none)).output), "8080,5432");
  EXPECT_EQ(ports(correct(spec + workload("db", "[]", none) + workload("web", "[]", own)).output),
            "8080,5432");
  EXPECT_EQ(ports(correct(spec + workload("db", "[]", own)).output), "8080,5432,4143");
  EXPECT_EQ(ports(correct(spec +
                          "---\napiVersion: v1\nkind: Namespace\nmetadata: {name: shop, "
                          "annotations: " +
                          none + "}\n")
                      .output),
            "8080,5432");
}

TEST(NetpolTest, NamesOfPortsAreThoseOfTheSelectedWorkloads) {
  const std::string spec = policy("{podSelector: {}, ingress: [{ports: [{port: mysql}]}]}");
  const auto alone = correct(spec);
  EXPECT_EQ(ports(alone.output), "mysql");
  EXPECT_NE(alone.report.find("no workload in the input has a port named \"mysql\""),
            std::string::npos)
      << alone.report;
  const std::string known = workload("db", "[{name: mysql, containerPort: 3306}]");
  EXPECT_EQ(ports(correct(spec + known).output), "mysql,4143");
  const std::string other = workload("db", "[{name: mysql, containerPort: 8080}]");
  EXPECT_EQ(ports(correct(spec + other).output), "mysql");
  EXPECT_EQ(correct(spec + other).report.find("not looked into"), std::string::npos);
}

TEST(NetpolTest, OptionsChangeTheListAndThePort) {
  NetpolOptions options;
  options.opaque_ports = "+9000,-5432";
  options.inbound_port = 1143;
  const auto spec = [](const char* port) {
    return policy("{podSelector: {}, ingress: [{ports: [{port: " + std::string(port) + "}]}]}");
  };
  EXPECT_EQ(ports(correct(spec("9000"), options).output), "9000,1143");
  EXPECT_EQ(ports(correct(spec("5432"), options).output), "5432");
  options.opaque_ports = "nine";
  const auto wrong = correct(spec("9000"), options);
  EXPECT_FALSE(wrong.ok);
  EXPECT_NE(wrong.report.find("--opaque-ports: \"nine\""), std::string::npos) << wrong.report;
}

struct Selection {
  std::string_view selector;
  bool selected;
};

TEST(NetpolTest, SelectorsAreThoseOfKubernetes) {
  const auto tree = [](std::string_view text) {
    return readManifests({{"t", std::string(text) + "\n"}}).value().at(0).yaml.root;
  };
  const YamlNode labels = tree("{app: db, tier: '1'}");
  const Selection cases[] = {
      {"{}", true},
      {"{matchLabels: {app: db}}", true},
      {"{matchLabels: {app: db, tier: '2'}}", false},
      {"{matchLabels: {other: db}}", false},
      {"{matchExpressions: [{key: app, operator: In, values: [web, db]}]}", true},
      {"{matchExpressions: [{key: app, operator: In, values: [web]}]}", false},
      {"{matchExpressions: [{key: app, operator: NotIn, values: [db]}]}", false},
      {"{matchExpressions: [{key: other, operator: NotIn, values: [db]}]}", true},
      {"{matchExpressions: [{key: tier, operator: Exists}]}", true},
      {"{matchExpressions: [{key: other, operator: Exists}]}", false},
      {"{matchExpressions: [{key: other, operator: DoesNotExist}]}", true},
      {"{matchExpressions: [{key: app, operator: DoesNotExist}]}", false},
      {"{matchLabels: {app: db}, matchExpressions: [{key: x, operator: Exists}]}", false},
  };
  for (const Selection& one : cases)
    EXPECT_EQ(selects(tree(one.selector), labels), one.selected) << one.selector;
}

}  // namespace
}  // namespace weir::mesh
